"""Beside others, threads of the programs sleep while they wait; a library sets nothing."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dipcli.system import waiting

ROOT = Path(__file__).parents[1]
NAMES = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")
SHOW = "; import os; print({n: os.environ[n] for n in %r if n in os.environ})" % (NAMES,)  # noqa: UP031


def ran(script: str, **more: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name not in NAMES}
    env = {**kept, "PYTHONPATH": str(ROOT), **more}
    command = [sys.executable, "-c", script]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=True)


LOADED = "from dipcli.system import waiting; waiting.asleep(1.0)" + SHOW


def test_beside_others_threads_sleep_and_what_the_user_set_stays():
    assert ran(LOADED).stdout == "{'OMP_WAIT_POLICY': 'PASSIVE'}\n"
    for name, value in (("OMP_WAIT_POLICY", "ACTIVE"), ("GOMP_SPINCOUNT", "9")):
        assert ran(LOADED, **{name: value}).stdout == f"{{'{name}': '{value}'}}\n"


def test_alone_they_wait_as_usual():
    assert ran(LOADED.replace("1.0", "0.2")).stdout == "{}\n"


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux")
def test_a_busy_process_is_noticed(monkeypatch):
    monkeypatch.setattr(waiting, "SAMPLE", 0.4)
    other = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        until = time.monotonic() + 60
        while waiting.busy_cores() <= waiting.BUSY:
            assert time.monotonic() < until
    finally:
        other.kill()
        other.wait()


def test_the_library_sets_nothing():
    assert ran("import dipcli; dipcli.denoise" + SHOW).stdout == "{}\n"


@pytest.mark.skipif(sys.platform != "linux", reason="asks GNU's OpenMP")
def test_openmp_has_read_it():
    script = "from dipcli.system import waiting; waiting.asleep(1.0); import torch"
    done = ran(script, OMP_DISPLAY_ENV="true")
    assert "OMP_WAIT_POLICY = 'PASSIVE'" in done.stderr
