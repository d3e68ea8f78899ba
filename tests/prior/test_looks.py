"""Who looks at a device pays, nobody else: a step waits for nothing, and loses nothing by it."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from test_fit import CPU, TINY, Broken, last, problem
from torch import Tensor

from dipcli import tasks
from dipcli.api import restore, runtime_for
from dipcli.observers import packing
from dipcli.prior.fit import Run, fit

WAITS = ("item", "tolist", "cpu", "numpy", "__float__", "__bool__", "__int__", "__array__")
NOISY = np.random.default_rng(0).integers(60, 190, (16, 24, 3), dtype=np.uint8)
HOLE = np.zeros((16, 24), bool)
HOLE[6:11, 8:14] = True


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every time that our code asks a tensor for a number; draws are whole, and the CPU's own."""
    asked: list[str] = []
    for name in WAITS:
        original = getattr(Tensor, name)

        def counting(x, *args, original=original, name=name):
            ours = "dipcli" in Path(sys._getframe(1).f_code.co_filename).parts
            if ours and (x.is_floating_point() or x.dtype is torch.bool):
                asked.append(name)
            return original(x, *args)

        monkeypatch.setattr(Tensor, name, counting)
    return asked


def doubtful() -> tasks.Task:
    """The result of a picture that may be clean keeps near to it."""
    task = tasks.denoise(NOISY, sigma=25)
    task.damage = replace(task.damage, limit=0.01)
    return task


NET = {"channels": (4, 8), "skip_channels": 0, "input_depth": 4, "patience": 1000}
FIT = {**NET, "passes": 2}
CASES = {
    "denoise": (lambda: tasks.denoise(NOISY, sigma=25), {**FIT, "runs": 2, "passes": 1}),
    "holdout": (
        lambda: tasks.denoise(NOISY, sigma=25),
        {**FIT, "runs": 1, "stop": "holdout", "holdout": 0.1},
    ),
    "variance": (lambda: tasks.denoise(NOISY, sigma=25), {**FIT, "runs": 1, "stop": "variance"}),
    "object": (lambda: tasks.inpaint(NOISY, HOLE, as_is=True), FIT),
    "doubtful": (doubtful, {**FIT, "runs": 1}),
    "x2": (lambda: tasks.superres(NOISY[:8, :12], scale=2), {"channels": (8, 8), "passes": 2}),
    "fit": (lambda: tasks.fit(NOISY, targets=("natural", "noise")), NET),
}


def asked(waits: list[str], name: str, iters: int, every: int) -> int:
    make, overrides = CASES[name]
    task = make()
    settings = task.settings("auto", **overrides, iters=iters)
    waits.clear()
    result = restore(task, settings, replace(runtime_for("cpu"), every=every))
    assert len(result.history) >= iters
    return len(waits)


@pytest.mark.parametrize("name", CASES)
def test_steps_wait_for_the_device_only_now_and_then(name, waits):
    few, many = asked(waits, name, 8, every=8), asked(waits, name, 24, every=8)
    runs = 2 if name in ("denoise", "fit") else 1
    at_a_look = 4  # what was measured, this loss, the history, of a fit its curve
    elsewhere = 4  # a filter may take more turns on another picture
    assert many - few <= runs * (24 - 8) / 8 * at_a_look + elsewhere


def test_looking_at_every_step_is_counted(waits):
    assert asked(waits, "holdout", 24, every=1) >= 3 * 24


@pytest.mark.parametrize("stop", ["holdout", "variance", "none"])
def test_looking_later_gives_the_same_picture(stop):
    settings = TINY.override(stop=stop, iters=60, patience=7, ema=0.5)
    now, later = (last(fit(problem(), settings, replace(CPU, every=k))) for k in (1, 8))
    assert torch.equal(now.estimate, later.estimate)
    assert now.notes["best_step"] == later.notes["best_step"]
    assert now.notes["score"] == later.notes["score"]
    assert now.notes["why"] == later.notes["why"]
    assert 0 <= later.index - now.index < 8


@pytest.mark.parametrize("at", [(25, 26), (59,), (3,)])
@pytest.mark.parametrize("factor", [float("nan"), 50.0])
def test_divergence_seen_later_is_undone_all_the_same(at, factor):
    broken = replace(problem(), operator=Broken(at=at, factor=factor))
    steps = list(fit(broken, TINY.override(iters=60, stop="none"), replace(CPU, every=8)))
    assert len(steps) == 60
    assert all(step.estimate.isfinite().all() for step in steps)
    assert steps[-1].notes["restored"][0] == at[0]
    assert steps[-1].notes["score"] < steps[0].notes["score"]


def test_a_deadline_waits_for_every_step():
    assert replace(CPU, every=8).looks(deadline=1.0) == 1
    assert replace(CPU, every=8).looks() == 8
    assert CPU.looks() == 1
    assert replace(CPU, device=torch.device("cuda")).looks() == 8


@pytest.mark.parametrize("stop", ["holdout", "variance", "none"])
def test_a_run_goes_on_from_between_two_looks(stop):
    """What waits to be looked at is part of the state."""
    settings, runtime = TINY.override(stop=stop, iters=30), replace(CPU, every=8)
    whole = Run(problem(), settings, runtime, 0, None)
    for _ in range(13):
        whole.step()
    kept = packing.encode(whole.state_dict(), {})
    going_on = Run(problem(), settings, runtime, 0, None)
    going_on.load_state_dict(packing.decode(kept))
    ends = [last(one.steps()) for one in (whole, going_on)]
    assert torch.equal(ends[0].estimate, ends[1].estimate)
    assert ends[0].notes == ends[1].notes
