"""What Windows and macOS lack or do otherwise, by stand-ins: no test needs another system."""

import ctypes
import math
import os
import runpy
import select
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

import dipcli.system.ending as ending_module
from dipcli.batch import claims, pool, reporting, streams
from dipcli.bench import usage
from dipcli.cli import patterns
from dipcli.observers import Interrupt
from dipcli.system import files, memory, placing, waiting


class Windows:
    """The module `os` as Windows has it, for one module of ours."""

    name = "nt"
    lacking = ("sysconf", "geteuid", "O_DIRECTORY", "O_NOFOLLOW")

    def __getattr__(self, name: str) -> Any:
        if name in self.lacking:
            raise AttributeError(name)
        return getattr(os, name)

    def kill(self, pid: int, signum: int) -> None:
        raise AssertionError("on Windows this ends the process, or all of its console")


class UnmaskedSignals:
    """The module `signal` as Windows has it."""

    def __getattr__(self, name: str) -> Any:
        if name in ("pthread_sigmask", "SIGHUP"):
            raise AttributeError(name)
        return getattr(signal, name)


def test_without_sighup_the_other_two_signals_end_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(signal, "SIGHUP", raising=False)
    found = runpy.run_path(str(ending_module.__file__))["ENDING"]
    assert found == (signal.SIGINT, signal.SIGTERM)
    before = signal.getsignal(signal.SIGTERM)
    with Interrupt(signals=found) as interrupt:
        signal.raise_signal(signal.SIGTERM)
        assert interrupt.exit_code == 143
    assert signal.getsignal(signal.SIGTERM) is before


def test_workers_are_started_where_signals_cannot_be_blocked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pool, "signal", UnmaskedSignals())  # the rest of Python keeps its own
    with pool.pool(1, "cpu") as workers:
        assert workers.executor.submit(abs, -3).result() == 3


def test_standard_output_is_written_where_nothing_can_be_polled(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delattr(select, "poll", raising=False)
    data = bytes(range(256)) * 64
    with (tmp_path / "out").open("wb") as file:
        streams.put(file.fileno(), data, grace=0.0)
    assert (tmp_path / "out").read_bytes() == data


@pytest.mark.parametrize("system", ["win32", "darwin"])
def test_memory_is_unknown_rather_than_an_error(
    system: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*args: object, **more: object) -> None:
        raise TypeError("there is no such library")

    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(ctypes, "CDLL", refused)
    monkeypatch.setattr(memory, "os", Windows())
    monkeypatch.setitem(sys.modules, "resource", None)  # type: ignore[arg-type]
    monkeypatch.setattr(Path, "read_text", absent)
    memory.reuse()
    assert memory.physical() is None
    assert memory.available() is None
    assert waiting.busy_cores() == 0.0


def absent(path: Path, *args: object, **more: object) -> str:
    raise FileNotFoundError(path)


def test_the_benchmark_measures_without_a_peak(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resource", None)  # type: ignore[arg-type]
    monkeypatch.setattr(usage, "_STATUS", Path("/nowhere"))
    assert math.isnan(usage.peak())


@pytest.mark.parametrize("system", ["win32", "darwin"])
def test_a_new_file_takes_its_place_without_links_or_an_exclusive_rename(
    system: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def no_links(source: Path, target: Path) -> None:
        raise OSError("not on this file system")

    monkeypatch.setattr(os, "link", no_links)
    monkeypatch.setattr(sys, "platform", system)
    place = tmp_path / "a.png"
    assert placing.publish(placing.look(place), b"first") is not None
    assert placing.publish_new(place, b"second").path == tmp_path / "a.1.png"
    assert (place.read_bytes(), (tmp_path / "a.1.png").read_bytes()) == (b"first", b"second")
    assert len(list(tmp_path.iterdir())) == 2


def test_windows_flushes_no_folder_and_asks_no_process_whether_it_lives(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(files, "os", Windows())
    files.write_atomic(tmp_path / "a.png", b"whole")
    assert (tmp_path / "a.png").read_bytes() == b"whole"
    young = tmp_path / f"{files.TEMPORARY}{files._HOST}-999999-1-abcd"
    old = tmp_path / f"{files.TEMPORARY}{files._HOST}-999998-1-abcd"
    for path in (young, old):
        path.touch()
    os.utime(old, (1, 1))
    assert files.remove_litter(tmp_path) == [old]
    assert young.exists()


def test_a_file_that_another_program_reads_is_replaced_a_moment_later_on_windows(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place, refusals, replace = tmp_path / "a.png", [0, 0], Path.replace
    place.write_bytes(b"old")

    def shared(path: Path, target: Path) -> Path:
        if refusals:
            refusals.pop()
            raise PermissionError("another process has it open")
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", shared)
    with pytest.raises(files.WriteError):
        files.write_atomic(place, b"new")  # elsewhere it is the folder that may not be written
    assert (place.read_bytes(), len(list(tmp_path.iterdir()))) == (b"old", 1)
    monkeypatch.setattr(files, "os", Windows())
    monkeypatch.setattr(files, "_WAITS", (0.0, 0.0, 0.0))
    refusals[:] = [0, 0]
    files.write_atomic(place, b"new")
    assert place.read_bytes() == b"new"
    refusals[:] = [0] * 4
    with pytest.raises(files.WriteError):
        files.write_atomic(place, b"never")


def test_patterns_are_expanded_where_no_shell_does(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("b.jpg", "a.jpg", "c.png", "[d].jpg"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    words = ["denoise", "*.jpg", "x*.bmp", "[d].jpg", "--name", "-*"]
    assert patterns.expanded(words, "posix") == words
    found = ["denoise", "[d].jpg", "a.jpg", "b.jpg", "x*.bmp", "[d].jpg", "--name", "-*"]
    assert patterns.expanded(words, "nt") == found


def test_a_page_links_to_another_drive_and_into_subfolders(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    odd = tmp_path / "in" / "100 %" / "b#?.png"
    assert reporting.address(tmp_path, odd) == "in/100%20%25/b%23%3F.png"
    assert reporting.address(tmp_path / "out", tmp_path / "a.png") == "../a.png"
    no_text = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.png"))
    assert reporting.address(tmp_path, no_text) == "caf%E9.png"

    def apart(path: str, start: str) -> str:
        raise ValueError("path is on mount 'D:', start on mount 'C:'")

    monkeypatch.setattr(os.path, "relpath", apart)
    assert reporting.address(tmp_path, odd) == odd.as_uri()


@pytest.fixture
def dead(tmp_path: Path) -> Path:
    """An output that a process has claimed which is long gone."""
    output = tmp_path / "out.png"
    path = claims.claim_path(output)
    path.write_text('{"host": "elsewhere", "pid": 1, "born": "", "token": "x"}')
    os.utime(path, (1, 1))
    return output


def test_a_stale_claim_that_another_process_reads_stays_with_it_on_windows(
    dead: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shared(path: Path, target: Path) -> Path:
        raise PermissionError("another process has it open")

    monkeypatch.setattr(Path, "rename", shared)
    with pytest.raises(claims.WriteError), claims.claim(dead):
        pass  # elsewhere it is the folder that may not be written
    monkeypatch.setattr(claims, "os", Windows())
    with claims.claim(dead) as found:
        assert found is None


def test_a_claim_that_cannot_be_removed_spoils_no_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shared(path: Path, missing_ok: bool = False) -> None:
        raise PermissionError("another process has it open")

    with claims.claim(tmp_path / "out.png") as found:
        assert found is not None
        monkeypatch.setattr(Path, "unlink", shared)
    assert claims.claim_path(tmp_path / "out.png").exists()


def test_a_claim_taken_by_mistake_is_given_back_without_hard_links(
    dead: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look and the rename a living process has put its own claim there."""
    living = '{"host": "elsewhere", "pid": 2, "born": "", "token": "y"}'
    path, rename = claims.claim_path(dead), Path.rename

    def late(found: Path, target: Path) -> Path:
        found.write_text(living)
        return rename(found, target)

    def no_links(source: Path, target: Path) -> None:
        raise OSError("not on this file system")

    monkeypatch.setattr(Path, "rename", late)
    monkeypatch.setattr(os, "link", no_links)
    with claims.claim(dead) as found:
        assert found is None
    assert path.read_text() == living
    assert list(path.parent.iterdir()) == [path]


def test_no_module_of_the_program_needs_what_only_posix_has() -> None:
    """Imported at the top, these would keep `dip` from starting on Windows."""
    only_posix = {"fcntl", "resource", "pwd", "grp", "termios", "tty", "pty"}
    package = Path(placing.__file__).parents[1]
    for path in package.rglob("*.py"):
        names = {
            line.split()[1].split(".")[0]
            for line in path.read_text().splitlines()
            if line.startswith(("import ", "from "))
        }
        assert not names & only_posix, path
