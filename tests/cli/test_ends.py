"""How a run ends: by which signal, with whom reading, and what is left."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
from drawing import draw, opened
from test_interruption import ENDLESS, until

from dipcli.batch.claims import claim_path
from dipcli.cli.app import app

FAST = ("--preset", "fast", "--device", "cpu")
pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and closed streams of POSIX")


def shell(place, redirections):
    words = [sys.executable, "-m", "dipcli", "denoise", "a.png", "-o", "x.png", *FAST]
    line = subprocess.list2cmdline(words)
    return subprocess.run(
        ["sh", "-c", f"{line} {redirections}"], cwd=place, capture_output=True, text=True
    )


@pytest.mark.parametrize("redirections", ["2>&-", "2>&- >&- <&-"])
def test_messages_that_cannot_be_written_are_no_reason_to_fail(redirections, tmp_path):
    draw(tmp_path / "a.png")
    ran = shell(tmp_path, redirections)
    assert ran.returncode == 0
    assert opened(tmp_path / "x.png").size == (20, 16)


@pytest.mark.parametrize("words", [(), ("-v",)])
def test_nor_are_those_on_a_full_disk(words, tmp_path, start):
    draw(tmp_path / "a.png")
    with Path("/dev/full").open("wb") as full:
        running = start("denoise", "a.png", "-o", "x.png", *FAST, *words, stderr=full)
        assert running.wait(120) == 0
    assert opened(tmp_path / "x.png").size == (20, 16)


def test_an_error_has_its_exit_code_whether_it_is_heard_or_not(tmp_path):
    draw(tmp_path / "a.png")
    (tmp_path / "x.png").write_bytes(b"precious")
    for redirection in ("2>&-", "2>/dev/full"):
        assert shell(tmp_path, redirection).returncode == 2
    assert (tmp_path / "x.png").read_bytes() == b"precious"


def test_a_reader_of_messages_that_is_gone_or_asleep(tmp_path, start):
    draw(tmp_path / "a.png")
    ours, theirs = os.pipe()
    os.close(ours)
    running = start("denoise", "a.png", "-o", "x.png", *FAST, stderr=theirs)
    assert running.wait(120) == 0
    ours, asleep = os.pipe()
    os.set_blocking(asleep, False)
    with pytest.raises(BlockingIOError):
        while True:
            os.write(asleep, bytes(4096))
    os.set_blocking(asleep, True)
    running = start("denoise", "a.png", "-o", "y.png", *FAST, stderr=asleep)
    until((tmp_path / "y.png").exists)
    time.sleep(0.5)
    assert running.poll() is None, "it waits to be heard"
    running.send_signal(signal.SIGTERM)
    assert running.wait(120) == 143
    for handle in (theirs, ours, asleep):
        os.close(handle)


def test_a_lost_terminal_ends_a_run_as_sigterm_does(tmp_path, start, process):
    draw(tmp_path / "a.png", size=(12, 12))
    args = ("denoise", "a.png", "-o", "x.png", "--checkpoint", "k.ckpt", *ENDLESS)
    for delay in (0.5, 2.0, 4.0, 8.0, 16.0, 32.0):  # seconds in which the first step is made
        running = start(*args)
        until(claim_path(tmp_path / "x.png").exists)
        time.sleep(delay)
        running.send_signal(signal.SIGHUP)
        _, err = running.communicate(timeout=120)
        assert running.returncode == 129, err
        assert b"finishing this step" in err
        assert not list(tmp_path.glob(".dip-*")), "its claim is released"
        if (tmp_path / "x.png").exists():
            break
    assert (tmp_path / "k.ckpt").stat().st_size > 0
    assert opened(tmp_path / "x.png").size == (12, 12)


def group_of(leader):
    """The processes of a group."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            found += [stat] * (int(stat.read_text().rpartition(")")[2].split()[2]) == leader)
    return found


def test_what_is_to_go_on_without_a_terminal_goes_on(tmp_path, start):
    draw(tmp_path / "a.png")
    ignoring = {"preexec_fn": lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)}  # as nohup does
    running = start("denoise", "a.png", "-o", "x.png", *FAST, **ignoring)
    until(claim_path(tmp_path / "x.png").exists)
    running.send_signal(signal.SIGHUP)
    _, err = running.communicate(timeout=120)
    assert running.returncode == 0, err


@pytest.mark.parametrize(("signum", "loading"), [(signal.SIGHUP, False), (signal.SIGINT, True)])
def test_a_terminal_that_is_lost_ends_the_workers_in_order(signum, loading, tmp_path, start):
    for i in range(3):
        draw(tmp_path / f"in/{i}.png", size=(12, 12), seed=i)
    args = ("denoise", "in", "-o", "out", "--jobs", 2, *ENDLESS)
    running = start(*args, start_new_session=True)
    if loading:
        until(lambda: len(group_of(running.pid)) >= 4)
    else:
        until(claim_path(tmp_path / "out/0.png").exists)
    os.killpg(running.pid, signum)
    _, err = running.communicate(timeout=120)
    assert running.returncode == 128 + signum, err
    assert b"killed" not in err
    assert b"Traceback" not in err
    assert not list(tmp_path.glob("out/.dip-*"))


LOADED = """
import os, signal, sys
try:
    os.kill(os.getpid(), signal.{name})
    for _ in range(1000): pass
except KeyboardInterrupt:
    {then}
raise SystemExit("it went on")
"""


@pytest.mark.parametrize(
    ("module", "name", "then", "code"),
    [
        ("click", "SIGINT", "raise", 130),
        ("numpy", "SIGINT", "raise ImportError('as a library makes of it')", 130),
        ("numpy", "SIGTERM", "raise", 143),
        ("numpy", "SIGHUP", "raise", 129),
    ],
)
def test_a_signal_while_libraries_are_loaded(module, name, then, code, tmp_path, start):
    draw(tmp_path / "a.png")
    (tmp_path / "early").mkdir()
    (tmp_path / f"early/{module}.py").write_text(LOADED.format(name=name, then=then))
    paths = os.pathsep.join([str(tmp_path / "early"), os.environ["PYTHONPATH"]])
    env = {**os.environ, "PYTHONPATH": paths}
    running = start("denoise", "a.png", "-o", "x.png", *FAST, env=env)
    _, err = running.communicate(timeout=120)
    assert (running.returncode, err) == (code, b"dip: interrupted, nothing was written\n")


def test_the_second_signal_ends_at_once_even_where_nobody_reads(tmp_path, start):
    draw(tmp_path / "a.png", size=(12, 12))
    running = start("denoise", "a.png", "-o", "x.png", *ENDLESS)
    until(claim_path(tmp_path / "x.png").exists)
    time.sleep(1)
    running.send_signal(signal.SIGSTOP)
    running.send_signal(signal.SIGTERM)
    running.send_signal(signal.SIGHUP)
    running.send_signal(signal.SIGCONT)
    assert running.wait(120) in (129, 143)
    assert not list(tmp_path.glob(".dip-*"))


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (KeyboardInterrupt(), 130, "interrupted, nothing was written"),
        (click.Abort(), 130, "interrupted, nothing was written"),
        (MemoryError(), 4, "out of memory; try a part with --crop"),
        (PermissionError(13, "Permission denied", "x.png"), 1, "x.png: Permission denied"),
        (OSError("no such thing"), 1, "no such thing"),
        (ZeroDivisionError("0"), 1, "internal error: ZeroDivisionError: 0 (--debug shows where)"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_whatever_ends_a_command_has_its_code_and_one_line(error, code, said, dip, monkeypatch):
    def main(*arguments, **more):
        raise error

    monkeypatch.setattr(app, "main", main)
    ran = dip("denoise", "a.png")
    assert (ran.code, ran.out, ran.err) == (code, "", f"dip: {said}\n")
