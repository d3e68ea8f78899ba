"""The command line under test: in this process where that will do, as a process where not."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from warm import Warm

from dipcli.cli.app import run

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> list[dict]:
        return [json.loads(line, parse_constant=_refuse) for line in self.out.splitlines()]


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")


@pytest.fixture(autouse=True)
def _at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder to work in, and no settings of whoever runs the tests."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    for name in list(os.environ):
        if name.startswith("DIP_"):
            monkeypatch.delenv(name)


@pytest.fixture
def dip(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """`dip ...` in this process."""

    def call(*args: object) -> Ran:
        code = run([str(one) for one in args])
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return call


@pytest.fixture
def start() -> Callable[..., subprocess.Popen]:
    """`dip ...` as a process of its own, started; its imports are there already."""
    started: list[subprocess.Popen] = []

    def call(*args: object, **more: object) -> subprocess.Popen:
        command = [sys.executable, "-W", "error", "-m", "dipcli", *map(str, args)]
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        process = Warm(command, **{**pipes, **more})
        started.append(process)
        return process

    yield call
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def process(start: Callable[..., subprocess.Popen]) -> Callable[..., Ran]:
    """`dip ...` as a process of its own, run to its end."""

    def call(*args: object, stdin: bytes = b"", **more: object) -> Ran:
        running = start(*args, **more)
        out, err = running.communicate(stdin, timeout=120)
        return Ran(running.returncode, out.decode("latin-1"), err.decode())

    return call
