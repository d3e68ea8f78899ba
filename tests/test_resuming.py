"""A restoration that goes on from a saved state is, bit for bit, the one that never stopped."""

import random
from dataclasses import replace

import numpy as np
import pytest
import torch

from dipcli import tasks
from dipcli.api import Result, restore
from dipcli.observers.packing import decode, encode
from dipcli.pictures.coding import standard
from dipcli.settings import Settings
from dipcli.stream.resume import ResumeState
from dipcli.stream.step import Runtime, Step
from dipcli.tasks import Task

NARROW = {"channels": (4, 8), "input_depth": 4, "runs": 2, "iters": 9}
HELD_OUT = {"stop": "holdout", "holdout": 0.1, "patience": 3, "iters": 30, "ema": 0.0, "lr": 0.5}


def drawn(height: int = 32, width: int = 40) -> np.ndarray:
    """A ramp and a disk, (H, W, 3) uint8."""
    y, x = np.mgrid[0:height, 0:width]
    disk = (x - width / 3) ** 2 + (y - height / 2) ** 2 < height**2 / 9
    return np.stack([40 + 4 * x, 200 - 3 * y, np.where(disk, 230, 90)], axis=-1).astype(np.uint8)


def holes(kind: str) -> np.ndarray:
    hole = np.zeros((32, 40), bool)
    if kind == "text":
        hole[10:13, 4:30] = True
    elif kind == "large":
        hole[6:28, 8:30] = True
    else:
        hole = np.random.default_rng(0).random(hole.shape) < 0.5
    return hole


def noisy(height: int = 32, width: int = 40) -> np.ndarray:
    noise = np.random.default_rng(1).normal(0, 20, (height, width, 3))
    return np.clip(drawn(height, width) + noise, 0, 255).astype(np.uint8)


def inpainting(kind: str) -> Task:
    task = tasks.inpaint(drawn(), holes(kind))
    assert task.kind == kind
    return task


# name: the task, what its settings are, and the stages it goes through
CASES: dict[str, tuple[Task, dict[str, object], set[str]]] = {
    "denoise": (tasks.denoise(noisy()), HELD_OUT, {"filter", "fit"}),
    "denoise, odd size": (tasks.denoise(noisy(31, 37)), {"method": "dip"}, {"fit"}),
    "filter alone": (tasks.denoise(noisy()), {"method": "patches"}, {"filter"}),
    "bootstrap": (
        tasks.denoise(noisy()),
        {"preset": "best", "runs": 2, "iters": 3},
        {"filter", "fit", "fusion"},
    ),
    "superres": (
        tasks.superres(drawn(16, 20), scale=2),
        {"passes": 4},
        {"fit", "fusion", "filter"},
    ),
    "superres by an hourglass": (
        tasks.superres(drawn(16, 20), scale=2),
        {"net": "slim", "passes": 2},
        {"fit", "fusion", "filter"},
    ),
    "superres four times": (
        tasks.superres(drawn(16, 20)),
        {"runs": 1, "passes": 1},
        {"fit", "fusion", "filter"},
    ),
    "superres eight times": (
        tasks.superres(drawn(8, 10), scale=8),
        {"passes": 1},
        {"fit", "fusion", "filter"},
    ),
    "tiles": (
        tasks.denoise(noisy(40, 220)),
        {"tile": 192, "passes": 2, "iters": 3},
        {"filter", "fit"},
    ),
    "tiles of an enlargement": (
        tasks.superres(drawn(16, 110), scale=2),
        {"tile": 192, "passes": 2, "runs": 1, "iters": 3},
        {"fit", "fusion", "filter"},
    ),
    "an enlargement of a JPEG": (
        tasks.superres(drawn(24, 30), scale=2, coding=standard(40)),
        {"passes": 2, "runs": 1, "iters": 3},
        {"cleaning", "fit", "fusion", "filter"},
    ),
    "tiles of an enlarged JPEG": (
        tasks.superres(drawn(16, 110), scale=2, coding=standard(40)),
        {"tile": 192, "passes": 2, "method": "patches"},
        {"cleaning", "filter"},
    ),
    "text over a JPEG": (
        tasks.inpaint(drawn(), holes("text"), coding=standard(40)),
        {"passes": 3, "runs": 1, "iters": 4},
        {"cleaning", "fit", "filter"},
    ),
    "text": (inpainting("text"), {"passes": 4, "jitter": 0.0}, {"fit", "filter"}),
    "large": (inpainting("large"), {"passes": 2}, {"fit", "filter"}),
    "two levels": (
        tasks.inpaint(drawn(64, 80), np.pad(np.ones((34, 36), bool), ((15, 15), (20, 24)))),
        {"passes": 3, "method": "patches"},
        {"filter"},
    ),
    "scattered": (inpainting("scattered"), {"method": "patches", "passes": 6}, {"filter"}),
    "fit": (tasks.fit(drawn(), targets=("noise", "natural", "noisy")), {}, {"fit"}),
    "published": (
        tasks.denoise(noisy()),
        {"preset": "paper", "channels": (4, 8), "skip_channels": 2, "runs": 2, "iters": 9},
        {"fit"},
    ),
    "variance": (
        tasks.denoise(noisy()),
        {"stop": "variance", "iters": 20, "method": "dip"},
        {"fit"},
    ),
    "divergence": (
        tasks.denoise(noisy()),
        {"lr": 10.0, "iters": 30, "method": "dip", "input": "pyramid", "skip_channels": 0},
        {"fit"},
    ),
}


def case(name: str) -> tuple[Task, Settings, set[str]]:
    task, overrides, stages = CASES[name]
    overrides = {**NARROW, **overrides}
    return task, task.settings(str(overrides.pop("preset", "auto")), **overrides), stages


def cpu(memory: ResumeState | None = None, amp: torch.dtype | None = None) -> Runtime:
    return Runtime(torch.device("cpu"), 5, amp, memory or ResumeState())


def states(
    task: Task, settings: Settings, runtime: Runtime, stages: set[str] | None = None
) -> tuple[Result, list[bytes]]:
    """The result, and the state after each of its steps; their stages come into the set."""
    found: list[bytes] = []

    def keep(step: Step) -> None:
        found.append(encode(runtime.resume.state_dict(), {}))
        if stages is not None:
            stages.add(step.stage)

    return restore(task, settings, runtime, [keep]), found


def same(one: Result, other: Result) -> None:
    assert one.image.tobytes() == other.image.tobytes()
    assert one.history == other.history
    assert one.stopped_at == other.stopped_at
    assert one.notes == other.notes
    assert (one.spread is None) == (other.spread is None)
    if one.spread is not None and other.spread is not None:
        assert one.spread.tobytes() == other.spread.tobytes()


@pytest.mark.parametrize("name", CASES)
def test_it_goes_on_bit_for_bit_from_any_step(name):
    task, settings, stages = case(name)
    seen: set[str] = set()
    alone, saved = states(task, settings, cpu(), seen)
    assert seen == stages
    chosen = random.Random(name).sample(range(len(saved)), min(3, len(saved)))
    for at in {0, len(saved) - 1, *chosen}:
        shown: list[int] = []
        runtime = cpu(ResumeState(decode(saved[at])))
        resumed = restore(task, settings, runtime, [lambda s, to=shown: to.append(s.index)])
        same(resumed, alone)
        assert shown == list(range(at + 1, alone.stopped_at))


def test_taking_the_state_changes_nothing():
    task, settings, _ = case("denoise")
    same(states(task, settings, cpu())[0], restore(task, settings, cpu()))


def test_the_cases_are_what_they_say():
    task, settings, _ = case("divergence")
    runs = restore(task, settings, cpu()).notes["runs"]
    assert any(run.get("restored") for run in runs)
    task, settings, _ = case("denoise")
    runs = restore(task, settings, cpu()).notes["runs"]
    assert any("held-out" in run["why"] for run in runs)


def test_it_may_be_stopped_again_and_again():
    task, settings, _ = case("denoise")
    alone = restore(task, settings, cpu())
    memory, made = ResumeState(), 0
    while True:
        runtime = cpu(memory)
        kept: list[bytes] = []

        def stop(step, runtime=runtime, kept=kept):
            if len(kept) == 4:
                raise KeyboardInterrupt
            kept.append(encode(runtime.resume.state_dict(), {}))

        result = restore(task, settings, runtime, [stop])
        made += 1
        if not result.partial:
            break
        memory = ResumeState(decode(kept[-1]))
    same(result, alone)
    assert made > 5


def test_a_short_mantissa_changes_nothing():
    task, settings, _ = case("superres")
    alone, saved = states(task, settings, cpu(amp=torch.bfloat16))
    same(restore(task, settings, cpu(ResumeState(decode(saved[7])), torch.bfloat16)), alone)


def test_a_budget_counts_what_was_spent_before():
    task, settings, _ = case("denoise")
    alone, saved = states(task, settings, cpu())
    spent = decode(saved[2])
    assert 0 < spent["seconds"] <= alone.seconds
    spent["seconds"] = 9_999.0
    result = restore(task, replace(settings, time=10_000.0), cpu(ResumeState(spent)))
    assert result.seconds > 9_999
    spent["seconds"] = 10_000.0  # all of it: no machine is too fast
    result = restore(task, replace(settings, time=10_000.0), cpu(ResumeState(spent)))
    assert result.notes["trust"]["why"] == "the time was up"
    assert result.stopped_at < alone.stopped_at


def test_what_is_over_is_not_saved():
    task, settings, _ = case("text")
    _, saved = states(task, settings, cpu())
    fitting, filtering = decode(saved[3])["parts"], decode(saved[-1])["parts"]
    assert list(fitting) == ["history", "attempt", "ensemble", "fit"]
    assert list(filtering) == ["history", "attempt", "ensemble", "filter"]
    assert len(saved[-1]) < len(saved[3])
