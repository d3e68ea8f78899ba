"""What watches a run: frames, curves, the reference, the meter, interruption."""

import csv
import importlib.util
import io
import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from dipcli.errors import UsageError
from dipcli.observers import (
    Curve,
    Frames,
    Interrupt,
    Meter,
    Reference,
    check_animation_suffix,
    check_curve_suffix,
)
from dipcli.stream.step import Step


def step(index, total=100, *, value=0.5, size=(6, 8), channels=3, loss=None, run=0, **notes):
    image = torch.full((1, channels, *size), value)
    loss = torch.tensor(1.0 / (index + 1) if loss is None else loss)
    return Step(index, total, "fit", run, loss, image, image, notes=notes)


def test_frames_are_bounded_and_early_steps_are_dense():
    watch = Frames()
    for index in range(3000):
        watch(step(index, 3000, value=index / 3000))
    assert 20 < len(watch.frames) <= 97
    values = [int(frame[0, 0, 0]) for frame in watch.frames]
    assert values == sorted(values)
    assert values[-1] == 255
    assert values[len(values) // 2] < 60


def test_frames_are_a_twelfth_further_apart_each_time_and_a_hundred_at_most():
    watch, kept = Frames(), []
    for index in range(200):
        before = len(watch.frames)
        watch(step(index, 1000))
        kept += [index] * (len(watch.frames) - before)
    assert kept[:16] == [*range(13), 14, 16, 18] and kept[-2:] == [178, 193]
    full = Frames(every=1)
    for index in range(96):
        full(step(index, 1000))
    assert len(full.frames) == 48  # every second one of 96


def test_frames_every_n_steps():
    watch = Frames(every=10)
    for index in range(31):
        watch(step(index, 31))
    assert len(watch.frames) == 4


@pytest.mark.parametrize(
    ("suffix", "format"), [(".gif", "GIF"), (".webp", "WEBP"), (".apng", "PNG")]
)
def test_animations(suffix, format):
    watch = Frames(every=1)
    for index in range(5):
        watch(step(index, 5, value=index / 5, channels=1, size=(600, 700)))
    with Image.open(io.BytesIO(watch.encode(suffix))) as image:
        assert image.format == format
        assert image.n_frames == 5
        assert max(image.size) == 512


def test_a_curve_as_numbers():
    watch = Curve(Reference(np.full((6, 8, 3), 0.6, np.float32)))
    for index in range(3):
        watch(step(index, loss=float("nan") if index == 1 else 0.25, target="natural"))
    rows = json.loads(watch.encode(".json"))
    assert [row["loss"] for row in rows] == [0.25, None, 0.25]
    assert rows[0]["psnr"] == pytest.approx(20, abs=1e-4)
    assert rows[0]["stage"] == "natural"
    table = list(csv.DictReader(io.StringIO(watch.encode(".csv").decode())))
    assert [row["step"] for row in table] == ["0", "1", "2"]
    assert table[1]["loss"] == ""


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_a_curve_as_a_plot(suffix):
    watch = Curve()
    for run in range(2):
        for index in range(4):
            watch(step(4 * run + index, run=run, target=f"target {run}"))
    data = watch.encode(suffix)
    if suffix == ".svg":
        assert b"<svg" in data
    else:
        with Image.open(io.BytesIO(data)) as image:
            assert image.width > 400


def test_the_reference_measures_steps_and_results():
    reference = Reference(np.full((6, 8, 3), 0.6, np.float32))
    assert reference.psnr(step(0)) == pytest.approx(20, abs=1e-4)
    assert reference.psnr(step(0, size=(3, 4))) is None
    assert reference.psnr(step(0, value=0.6)) is None
    measured = reference.measure(np.full((6, 8, 3), 0.5, np.float32))
    assert measured["psnr"] == pytest.approx(20, abs=1e-4)
    assert 0 < measured["ssim"] <= 1
    assert Reference(np.ones((1, 1, 3), np.float32)).measure(np.zeros((1, 1, 3), np.float32)) == {
        "psnr": 0.0,
        "ssim": None,
    }


def test_the_meter_looks_now_and_then():
    seen = []
    meter = Meter(seen.append)
    for index in range(1000):
        meter(step(index))
    assert 1 <= len(seen) < 100
    assert (seen[0].done, seen[0].total, seen[0].loss) == (1, 100, 1.0)


def test_the_first_signal_ends_the_step_the_second_the_process():
    said = []
    before = signal.getsignal(signal.SIGINT)
    with Interrupt(lambda: said.append("soon")) as interrupt:
        interrupt(step(0))
        assert interrupt.exit_code == 0
        os.kill(os.getpid(), signal.SIGINT)
        assert said == ["soon"]
        assert interrupt.exit_code == 130
        with pytest.raises(KeyboardInterrupt):
            interrupt(step(1))
        with pytest.raises(SystemExit, match="143"):
            os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGINT) is before


def test_suffixes_are_checked():
    for good in ("x.gif", "x.WEBP", "x.apng"):
        check_animation_suffix(Path(good))
    for good in ("x.csv", "x.JSON", "x.png", "x.svg"):
        check_curve_suffix(Path(good))
    with pytest.raises(UsageError):
        check_animation_suffix(Path("x.avi"))
    with pytest.raises(UsageError):
        check_curve_suffix(Path("x"))


def test_mp4_needs_the_extra(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"dipcli\[video\]"):
        check_animation_suffix(Path("x.mp4"))
