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
from dipcli.observers import Reading


def test_bars_go_to_the_terminal_and_stdout_stays_clean(tmp_path, monkeypatch):
    draw(tmp_path / "in/a.png")
    draw(tmp_path / "in/b.png", seed=1)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "140")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "dipcli", "denoise", "in", "-o", "out", "--json", *QUICK]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs) as running:
        os.close(theirs)
        shown = b""
        while chunk := _read(ours):
            shown += chunk
        out = running.stdout.read()
    os.close(ours)
    assert running.returncode == 0
    assert out.count(b"\n") == 3
    assert b"\x1b" not in out
    text = shown.decode()
    assert "pictures" in text
    assert "in/a.png -> out/a.png" in text
    assert "\x1b[3" not in text, "NO_COLOR was asked for"


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
    shown = capsys.readouterr().err
    for part in ("pictures", "photo [1].png", "5/100", "fit", "loss 1.23e-02", "27.50 dB", "cpu"):
        assert part in shown
    bars.finish(Outcome(status=Status.UP_TO_DATE, name="photo [1].png", output="x [1].png"))
    assert "x [1].png is up to date" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("seconds", "text"), [(8.31, "8.3 s"), (245, "4:05"), (7445, "2:04:05"), (59.99, "60.0 s")]
)
def test_durations(seconds, text):
    assert duration(seconds) == text
