"""Enlarging again from the result: counted on, better, and never worse for want of time."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from time import perf_counter

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from dipcli import tasks
from dipcli.degradation.operators import Downsample
from dipcli.errors import UsageError
from dipcli.learning.self_training import Plan, repeated
from dipcli.presets.superres import PRESETS, REPEAT, SuperresSettings
from dipcli.presets.values import resolve
from dipcli.stream.step import Runtime, Step
from dipcli.tasks import enlarging, evidence
from dipcli.tasks.enlarging import at_full_size, ensemble

CPU = Runtime(torch.device("cpu"))
TINY = {"channels": (16, 16), "iters": 60, "passes": 3}
METHODS = [(n, method) for n in (4, 8) for method in ("zero-shot+patches", "dip+patches")]


def stripes(side: int, width: float) -> np.ndarray:
    """Sharp oblique stripes, antialiased, (side, side, 3) float32; width: in pixels, about."""
    y, x = np.mgrid[: 4 * side, : 4 * side] / 4
    waves = [np.sign(np.sin((x + (0.5 + c) * y) * 3.14 / width)) * 0.4 + 0.5 for c in range(3)]
    parts = np.stack(waves, -1).reshape(side, 4, side, 4, 3)
    return parts.mean((1, 3)).astype(np.float32)


def reduced(truth: np.ndarray, scale: int) -> tasks.Task:
    """The task of enlarging what was reduced."""
    x = torch.from_numpy(truth).permute(2, 0, 1)[None]
    small = Downsample(scale)(x).clamp(0, 1)[0].permute(1, 2, 0)
    return tasks.superres(small.numpy(), scale=scale)


def error(task: tasks.Task, truth: np.ndarray, **settings: object) -> float:
    *_, step = task.steps(task.settings("auto", **settings), CPU)
    return float(np.square(task.render(step.estimate) - truth).mean())


def counting(count: int, value: float) -> Iterator[Step]:
    for index in range(count):
        picture = torch.full((1, 1, 2, 2), value + index)
        loss = torch.zeros(())
        notes = {"runs": [value], "last": index}
        yield Step(index, count, "fit", 0, loss, picture, picture, notes=notes)


def test_repeats_are_counted_on_and_keep_what_is_known_of_the_runs():
    plan = Plan(lambda before: counting(2, 10 * float(before.estimate.max())), 2, 2)
    steps = list(repeated(counting(3, 1.0), plan, CPU, None))
    assert [step.index for step in steps] == list(range(7))
    assert {step.total for step in steps} == {7}
    assert [float(step.estimate.max()) for step in steps] == [1, 2, 3, 30, 31, 310, 311]
    assert [step.notes.get("repeats") for step in steps] == [None] * 3 + [1] * 2 + [2] * 2
    assert all(step.notes["runs"] == [1.0] for step in steps)


def test_without_time_nothing_is_repeated():
    plan = Plan(lambda before: counting(2, 10.0), 2, 2)
    steps = list(repeated(counting(3, 1.0), plan, CPU, perf_counter()))
    assert [step.index for step in steps] == [0, 1, 2]
    assert steps[-1].total == 7


@pytest.mark.parametrize("scale", [4, 8])
def test_a_repeat_is_nearer_to_the_truth(scale):
    truth = stripes(24 * scale, 4.0 * scale)
    task = reduced(truth, scale)
    once, twice = (error(task, truth, **TINY, repeats=repeats) for repeats in (0, 2))
    assert twice < 0.99 * once


@pytest.mark.parametrize(("scale", "method"), METHODS)
def test_while_it_learns_the_estimate_is_what_was_there(scale, method):
    task = reduced(stripes(8 * scale, 4.0 * scale), scale)
    settings = task.settings("auto", method=method, channels=(8, 8), iters=4, passes=2, repeats=1)
    steps = list(task.steps(settings, CPU))
    assert [step.index for step in steps] == list(range(14))
    assert {step.total for step in steps} == {14}
    assert all(step.estimate.shape == step.output.shape for step in steps)
    assert {step.estimate.shape for step in steps} == {(1, 3, 8 * scale, 8 * scale)}
    for step in steps[7:11]:
        assert step.stage == "fit"
        assert torch.equal(step.estimate, steps[6].estimate)
    assert not torch.equal(steps[13].estimate, steps[6].estimate)
    again = Downsample(scale)(steps[-1].estimate) - task.pixels.tensor(CPU.device)
    assert again.square().mean().sqrt() < 1 / 255


def test_what_the_time_cut_short_is_left_out(monkeypatch):
    task = reduced(stripes(32, 16.0), 4)

    def cut(problem, settings, *rest):
        return islice(ensemble(problem, settings, *rest), None if settings.repeats else 2)

    monkeypatch.setattr(enlarging, "ensemble", cut)
    settings = task.settings("auto", channels=(8, 8), iters=4, passes=2, repeats=1)
    steps = list(task.steps(settings, CPU))
    assert len(steps) == 4 + 1 + 2 + 2 + 1
    assert torch.equal(steps[-1].estimate, steps[6].estimate)
    assert evidence.stop_reason(steps[-1], dict(steps[-1].notes), partial=False).endswith(
        "the time was up"
    )


def test_a_spread_is_kept_at_full_size():
    task = reduced(stripes(64, 32.0), 8)
    settings = task.settings("auto", channels=(8, 8), iters=3, passes=1, runs=2, repeats=1)
    *_, last = task.steps(settings, CPU)
    assert last.spread is not None and last.spread.shape == (1, 1, 64, 64)
    assert float(last.spread.max()) > 0


def test_what_is_asked_for_bounds_a_repeat():
    task = reduced(stripes(32, 16.0), 4)
    own = resolve(SuperresSettings, PRESETS, "auto", REPEAT)
    assert task.settings("auto").again() == replace(own, channels=(48,) * 5)
    asked = task.settings("auto", iters=7, passes=1, channels=(8,), lr=0.01, kernel="box")
    lesson = asked.again()
    assert (lesson.iters, lesson.passes, lesson.channels) == (7, 1, (8,))
    assert (lesson.lr, lesson.kernel, lesson.repeats) == (0.01, "box", 0)
    assert task.settings("auto", method="dip", channels=(8,)).again().channels == own.channels


@pytest.mark.parametrize(
    ("scale", "settings"), [(2, {"repeats": 1}), (3, {"repeats": 1}), (4, {"project": False})]
)
def test_what_cannot_be_repeated(scale, settings):
    with pytest.raises(UsageError, match="repeats"):
        tasks.superres(np.zeros((8, 8)), scale=scale).settings("auto", **settings)


def test_only_enlarging_is_repeated():
    with pytest.raises(UsageError, match="repeats"):
        tasks.denoise(np.zeros((8, 8))).settings("auto", repeats=1)


def test_interpolation_shows_a_smaller_picture_at_full_size():
    small = torch.rand(1, 3, 4, 6, generator=torch.Generator().manual_seed(0))
    step = Step(0, 1, "fit", 0, torch.zeros(()), small, small)
    shown = at_full_size(step, (8, 12))
    large = F.interpolate(small, (8, 12), mode="bicubic", align_corners=False).clamp(0, 1)
    assert torch.equal(shown.estimate, large) and shown.spread is None
    assert at_full_size(step, (4, 6)) is step
