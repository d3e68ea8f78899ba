"""Bars where somebody watches, none where nobody does."""

import os
import pty
import subprocess
import sys

import pytest
from drawing import QUICK, draw

from dipcli.batch.outcome import Outcome, Status
from dipcli.cli.bars import Bars
from dipcli.cli.render import Console, duration
from dipcli.cli.tally import Tally
from dipcli.observers import Reading


def watched(words, monkeypatch, columns=140):
    """What `dip ...` shows on a terminal, and what goes to its standard output."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(columns))
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "dipcli", *words, *QUICK]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs) as running:
        os.close(theirs)
        seen = b""
        while chunk := _read(ours):
            seen += chunk
        out = running.stdout.read()
    os.close(ours)
    return running.returncode, seen.decode(), out


def test_bars_go_to_the_terminal_and_stdout_stays_clean(tmp_path, monkeypatch):
    draw(tmp_path / "in/a.png")
    draw(tmp_path / "in/b.png", seed=1)
    code, text, out = watched(["denoise", "in", "-o", "out", "--json"], monkeypatch)
    assert code == 0
    assert out.count(b"\n") == 3
    assert b"\x1b" not in out
    assert "pictures" in text
    assert "in/a.png -> out/a.png" in text
    assert "\x1b[3" not in text, "NO_COLOR was asked for"


def test_workers_leave_their_names_on_the_bar(tmp_path, monkeypatch):
    for name in "abc":
        draw(tmp_path / f"in/{name}.png")
    (tmp_path / "in/broken.png").write_text("no picture")
    code, text, _ = watched(["denoise", "in", "-o", "out", "--jobs", "2"], monkeypatch, 80)
    assert code == 1
    bar = next(line for line in text.splitlines() if "in/a.png, in/b.png" in line)
    for part in ("0/3", "1 failed", " so far", "-:-- left"):
        assert part in bar


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other side is closed
        return b""


def test_bars_show_step_loss_psnr_device(capsys):
    bars = Bars(Console(quiet=False, as_json=False), several=True, verbose=False)
    bars._progress.console.width = 160
    bars.begin(2)
    bars.start("photo [1].png")
    bars.step(Reading(5, 100, "fit", 0, 0.0123, 27.5, "cpu"))
    table = bars._progress.get_renderable()
    bars._progress.console.print(table)
    err = capsys.readouterr().err
    for part in ("pictures", "photo [1].png", "5/100", "fit", "loss 1.23e-02", "27.50 dB", "cpu"):
        assert part in err
    bars.finish(Outcome(status=Status.UP_TO_DATE, name="photo [1].png", output="x [1].png"))
    assert "x [1].png is up to date" in capsys.readouterr().err


def shown(bars, capsys):
    """The bars as they would be drawn, a line each."""
    capsys.readouterr()
    bars._progress.console.print(bars._progress.get_renderable())
    return [line.rstrip() for line in capsys.readouterr().err.splitlines()]


def ended(name, status=Status.DONE):
    record = {"stopped_at": 1, "seconds": 1.0, "device": "cpu"} if status is Status.DONE else {}
    return Outcome(status=status, name=name, output="x.png", record=record)


@pytest.fixture
def clock(monkeypatch):
    """Seconds, as the test has them."""
    now = [0.0]
    monkeypatch.setattr(Tally.__init__, "__defaults__", (lambda: now[0],))
    return now


def bars_of(width, several=True):
    bars = Bars(Console(quiet=False, as_json=False), several=several, verbose=False)
    bars._progress.console.width = width
    return bars


def test_several_at_a_time_have_their_names_and_the_time_left_on_the_bar(capsys, clock):
    bars = bars_of(140)
    bars.begin(6)
    bars.finish(ended("broken.png", Status.FAILED))
    bars.start("a [1].png")
    bars.start("b.png")
    (line,) = shown(bars, capsys)
    for part in ("pictures", "0/5", "a [1].png, b.png  1 failed", "so far", "-:-- left"):
        assert part in line
    clock[0] = 60
    bars.finish(ended("a [1].png"))
    bars.start("c.png")
    (line,) = shown(bars, capsys)
    assert "b.png, c.png" in line
    assert "1/5" in line
    assert "1:30 left" in line, "c and two more take a minute each, two at a time"
    bars.leave("c.png")
    assert "c.png" not in shown(bars, capsys)[0]


def test_what_fails_is_no_progress(capsys, clock):
    bars = bars_of(140)
    bars.begin(4)
    for name in ("a", "b", "c"):
        bars.start(name)
        clock[0] += 0 if name == "a" else 10
        bars.finish(ended(name, Status.FAILED if name == "a" else Status.DONE))
    (line,) = shown(bars, capsys)
    assert "2/3" in line
    assert "67%" in line
    assert "1 failed" in line
    assert "0:10 left" in line


@pytest.mark.parametrize("width", [40, 60, 80, 100, 160])
def test_narrow_terminals_drop_the_bar_before_the_time(width, capsys, clock):
    bars = bars_of(width)
    bars.begin(2)
    bars.start("photo.png")
    clock[0] = 10
    bars.step(Reading(50, 100, "fit", 0, 0.0123, 27.5, "cpu"))
    lines = shown(bars, capsys)
    assert len(lines) == 2
    assert "0:30 left" in lines[0]
    assert lines[1].endswith(" left")
    assert all(len(line) <= width for line in lines)
    assert ("\u2501" in lines[0]) == (width >= 140)
    assert ("fit  loss" in lines[1]) == (width >= 80)


@pytest.mark.parametrize(
    ("seconds", "text"), [(8.31, "8.3 s"), (245, "4:05"), (7445, "2:04:05"), (59.99, "60.0 s")]
)
def test_durations(seconds, text):
    assert duration(seconds) == text
