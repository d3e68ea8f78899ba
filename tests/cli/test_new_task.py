"""The change test: a new task is one class and one entry in the table, and has everything."""

import json
import os
import signal
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from drawing import draw, opened

import dipcli
from dipcli import api
from dipcli.degradation.problem import Problem
from dipcli.prior.ensemble import ensemble
from dipcli.settings import Options, setting
from dipcli.stages import FitSettings, TileSettings
from dipcli.stream.combinators import deadline_of
from dipcli.tasks import TASKS, Task
from dipcli.tasks.companions import Companion


class Dim:
    """y = share * x: a picture taken in too little light."""

    def __init__(self, share):
        self.share = share

    def __call__(self, x):
        return self.share * x

    def adjoint(self, y):
        return self.share * y


@dataclass(frozen=True, kw_only=True)
class BrightenOptions(Options):
    """How dark it is."""

    share: float = setting(0.5, "Share of the light that was there.", low=0.01, high=1)


@dataclass(frozen=True, kw_only=True)
class BrightenSettings(FitSettings, TileSettings):
    """A fit, leaning on the guide."""

    lean: float = setting(0.1, "How much the guide counts.", low=0, high=1)


class Brighten(Task[BrightenOptions, BrightenSettings]):
    """Brighten a picture, guided by a brighter one of the same scene.

    \b
    dip brighten dark.png --guide bright.png -o light.png
    """

    name = "brighten"
    Options = BrightenOptions
    Settings = BrightenSettings
    companions = (Companion("guide", "A brighter picture.", what="guide", picture=True),)
    presets = {  # noqa: RUF012 - a table
        "auto": {
            "": {
                "iters": (6, "a test"),
                "runs": (1, "a test"),
                "channels": ((4, 8), "a test"),
                "stop": ("none", "all steps"),
                "holdout": (0.0, "all pixels"),
            }
        },
        "fast": {"": {"iters": (2, "a test"), "channels": ((4, 8), "a test")}},
    }

    def steps(self, settings, runtime):
        y = self.pixels.tensor(runtime.device)
        problem = Problem(y, (y.shape[2], y.shape[3]), Dim(self.options.share))
        guide = self.arrays.get("guide")
        for step in ensemble(problem, settings, runtime, deadline_of(settings, runtime)):
            if guide is not None:
                seen = torch.from_numpy(guide.transpose(2, 0, 1).copy())[None]
                step = replace(step, estimate=step.estimate.lerp(seen, settings.lean))
            yield step


@pytest.fixture(autouse=True)
def entered(monkeypatch):
    monkeypatch.setitem(TASKS, "brighten", Brighten)


def test_it_has_its_command_with_help(dip):
    text = dip("brighten", "--help").out
    assert "Brighten a picture, guided by a brighter one" in text
    assert "--share" in text and "Share of the light" in text
    assert "--guide FILE" in text and "--lean" in text and "--iters" in text
    assert "brighten" in dip("--help").out


def test_it_runs_on_a_file_and_a_folder_with_companions_by_stem(tmp_path, dip):
    for folder, seeds in (("dark", (1, 2)), ("bright", (3, 4))):
        (tmp_path / folder).mkdir()
        for name, seed in zip("ab", seeds, strict=True):
            draw(tmp_path / folder / f"{name}.png", seed=seed)
    one = ("brighten", "dark/a.png", "--guide", "bright/a.png", "-o", "one.png")
    assert dip(*one, "--share", "0.7").code == 0
    several = ("brighten", "dark", "--guide", "bright", "-o", "out", "--device", "cpu")
    assert dip(*several).code == 0
    assert opened(tmp_path / "out" / "b.png").size == opened(tmp_path / "dark" / "b.png").size
    assert "2 up to date" in dip(*several).err
    draw(tmp_path / "bright" / "b.png", seed=9)
    again = dip(*several)
    assert "1 done, 1 up to date" in again.err
    (tmp_path / "bright" / "a.png").unlink()
    assert dip(*several).code == 1


def test_a_grid_of_its_options_and_settings_can_be_tried(tmp_path, dip):
    draw(tmp_path / "a.png")
    words = ("sweep", "brighten", "a.png", "--vary", "share=0.5,0.8", "--vary", "lean=0,0.2")
    assert dip(*words, "-o", "grid", "--preset", "fast", "--iters", 1, "--device", "cpu").code == 0
    assert (tmp_path / "grid" / "a_share=0.8_lean=0.2.png").is_file()
    ran = dip(*words[:3], "--vary", "share=0.5,2", "-o", "other")
    assert (ran.code, "0.01 to 1" in ran.err) == (2, True), ran.err


def test_its_options_are_checked_and_decide(tmp_path, dip):
    draw(tmp_path / "a.png")
    for bad, word in ((("--share", "2"), "0.01 to 1"), (("--lean", "x"), "lean")):
        ran = dip("brighten", "a.png", "-o", "b.png", *bad)
        assert (ran.code, word in ran.err) == (2, True), ran.err
    assert dip("brighten", "a.png", "-o", "b.png", "--iters", 2).code == 0
    assert "up to date" in dip("brighten", "a.png", "-o", "b.png", "--iters", 2).err
    ran = dip("brighten", "a.png", "-o", "b.png", "--iters", 2, "--share", "0.8")
    assert (ran.code, "--share" in ran.err) == (2, True), ran.err


def test_it_is_planned_with_the_settings_it_gets(tmp_path, dip):
    draw(tmp_path / "a.png")
    (planned,) = dip("brighten", "a.png", "-n", "--json", "--lr", "0.01").json
    assert planned["settings"]["lr"] == 0.01
    (done,) = dip("brighten", "a.png", "-o", "b.png", "--json", "--lr", "0.01").json
    assert done["settings"] == planned["settings"]


def test_it_runs_in_tiles_and_resumes(tmp_path, dip, monkeypatch):
    draw(tmp_path / "a.png", size=(96, 64))
    draw(tmp_path / "g.png", size=(96, 64), seed=3)
    words = ("brighten", "a.png", "--guide", "g.png", "--tile", 64, "--device", "cpu")
    assert dip(*words, "-o", "whole.png").code == 0

    def strike(self, step):
        if step.index == 8:
            os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr("dipcli.observers.Meter.__call__", strike)
        ran = dip(*words, "-o", "part.png", "--checkpoint", "run.ckpt")
        assert (ran.code, (tmp_path / "run.ckpt").exists()) == (130, True), ran.err
    assert dip(*words, "-o", "part.png", "--checkpoint", "run.ckpt").code == 0
    whole, part = (opened(tmp_path / f"{name}.png").tobytes() for name in ("whole", "part"))
    assert whole == part


def test_it_is_in_the_python_api_and_in_the_presets(dip):
    image = np.full((16, 24, 3), 0.2, np.float32)
    result = dipcli.brighten(image, share=0.5, guide=image * 2, preset="fast", device="cpu")
    assert result.image.shape == image.shape
    assert result.settings.iters == 2
    with pytest.raises(dipcli.errors.UsageError, match="share"):
        dipcli.brighten(image, share=3.0)
    task = dipcli.tasks.brighten(image)
    assert len(list(api.steps(task, preset="fast", runs=1, device="cpu"))) == 2
    found = json.loads(dip("presets", "auto", "--json").out)["auto"]
    assert found["settings"]["brighten"]["iters"] == 6
