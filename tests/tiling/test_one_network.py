"""One network for all tiles of a large picture."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from skimage import data
from skimage.metrics import peak_signal_noise_ratio as psnr

from dipcli import stages, tasks
from dipcli.observers.packing import decode, encode
from dipcli.presets import denoise as presets
from dipcli.prior import mosaic
from dipcli.stream.resume import ResumeState
from dipcli.stream.step import Runtime, Step
from dipcli.tasks.arrays import to_array
from dipcli.tiling import canvas
from dipcli.tiling.division import Plan, grid

CPU = Runtime(torch.device("cpu"), 3)
TINY = {"tile": 64, "passes": 1, "channels": (4, 8), "iters": 4}


@pytest.fixture
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows of 16 pixels, so that a tile of 64 has enough of them."""
    for module in (stages, mosaic, presets):
        monkeypatch.setattr(module, "WINDOW", 16)


def scene(height: int, width: int) -> np.ndarray:
    """A face, (height, width, 3) uint8."""
    return data.astronaut()[20 : 20 + height, 60 : 60 + width]


def noisy(height: int = 72, width: int = 100, sigma: float = 25) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, sigma, (height, width, 3))
    return np.clip(scene(height, width) + noise, 0, 255).round().astype(np.uint8)


def task_of(image: np.ndarray, **given: object) -> tasks.Denoise:
    return tasks.Denoise.of(image, **{"sigma": 25.0, **given})


def steps_of(**settings: object) -> list[Step]:
    task = task_of(noisy())
    return list(canvas.tiled(task, 64, task.settings("auto", **{**TINY, **settings}), CPU))


def test_tiles_are_filtered_and_one_network_follows(small_windows):
    steps = steps_of()
    stages = [step.stage for step in steps]
    tiles = steps[-1].notes["tiles"]
    assert tiles > 1
    assert stages == ["filter"] * tiles + ["fit"] * 8, "twice as many steps as in a whole picture"
    assert steps[-1].notes["windows"] == 16 and steps[-1].notes["sigma"] == 25
    assert [step.index for step in steps] == list(range(len(steps)))
    assert {step.total for step in steps} == {len(steps)}
    assert all(step.estimate.shape == (1, 3, 72, 100) for step in steps)
    assert all(torch.equal(step.estimate, steps[-2].estimate) for step in steps[tiles:-1])
    assert len({step.estimate.data_ptr() for step in steps[:-1]}) == 1, "one picture is held"
    assert not torch.equal(steps[-1].estimate, steps[-2].estimate)
    assert steps[-1].spread.shape == (1, 1, 72, 100) and steps[-1].spread.max() > 0


@pytest.mark.parametrize("given", [{"runs": 2}, {"input": "pyramid"}, {"tile": 48}])
def test_other_settings_have_a_network_in_each_tile(small_windows, given):
    task = task_of(noisy())
    settings = task.settings("auto", **{**TINY, **given})
    assert task.joint(settings, settings.tile) is None
    steps = list(canvas.tiled(task, settings.tile, settings, CPU))
    fits = sum(step.stage == "fit" for step in steps)
    assert fits == steps[-1].notes["tiles"] * settings.fit_steps


@pytest.mark.parametrize("given", [{"sigma": 0.0}, {"sigma": None, "noise": "jpeg"}])
def test_what_is_no_noise_needs_no_network(small_windows, given):
    task = task_of(noisy(), **given)
    assert task.joint(task.settings("auto", **TINY), 64) is None


def states(task: tasks.Denoise, runtime: Runtime) -> Iterator[tuple[Step, bytes]]:
    for step in canvas.tiled(task, 64, task.settings("auto", **TINY), runtime):
        yield step, encode(runtime.resume.state_dict(), {})


def test_it_goes_on_bit_for_bit_from_every_step(small_windows):
    task = task_of(noisy())
    first = list(states(task, replace(CPU, resume=ResumeState())))
    for index, (_, saved) in enumerate(first):
        again = list(states(task, replace(CPU, resume=ResumeState(decode(saved)))))
        assert [step.index for step, _ in again] == list(range(index, len(first)))
        assert torch.equal(again[-1][0].estimate, first[-1][0].estimate)
        assert torch.equal(again[-1][0].spread, first[-1][0].spread)


def test_the_network_keeps_its_share_of_the_time(small_windows, monkeypatch):
    """Of a budget the tiles leave what the network is said to cost."""
    task = task_of(noisy())
    settings = task.settings("auto", **TINY, time=1e9)
    joint = task.joint(settings, 64)
    plan = Plan(64, grid((72, 100), 64), joint, 1e9)
    ends = [0.0]
    monkeypatch.setattr("dipcli.tiling.division.perf_counter", lambda: ends[-1])
    while len(ends) <= len(plan.tiles):
        ends.append(plan.deadline_of_tile(joint.settings, len(ends) - 1))
    tiles = sum(joint.settings.cost(tile.weight.numel()).seconds for tile in plan.tiles)
    assert ends == sorted(ends)
    assert 1 - ends[-1] / 1e9 == pytest.approx(joint.cost.seconds / (tiles + joint.cost.seconds))


def test_without_time_the_filter_is_what_comes_out(small_windows):
    steps = steps_of(time=1e-3)
    filtered = [step for step in steps if step.stage == "filter"][-1]
    fits = [step for step in steps if step.stage == "fit"]
    assert len(fits) <= 1
    assert all(torch.equal(step.estimate, filtered.estimate) for step in fits)


def borders(difference: np.ndarray, at: list[int]) -> tuple[float, float]:
    """The mean step across the rows `at`, and the largest across others."""
    steps = np.abs(np.diff(difference, axis=0)).mean((1, 2))
    inside = np.delete(steps, [row - 1 for row in at])
    return float(max(steps[row - 1] for row in at)), float(inside.max())


def test_it_gains_over_the_filter_and_shows_no_band(monkeypatch):
    for module in (stages, mosaic, presets):
        monkeypatch.setattr(module, "WINDOW", 32)
    monkeypatch.setattr(mosaic, "BAND_PIXELS", (64 + 2 * mosaic.AROUND) * 208)
    task, truth = task_of(noisy(200, 208)), scene(200, 208)
    given = {"tile": 192, "passes": 2, "stride": 4, "channels": (8, 16, 16), "iters": 40}
    steps = list(canvas.tiled(task, 192, task.settings("auto", **given), CPU))
    filtered, found = (
        to_array(next(step for step in reversed(steps) if step.stage == stage).estimate).astype(
            float
        )
        for stage in ("filter", "fit")
    )
    assert steps[-1].notes["windows"] == 36
    assert psnr(truth / 255, found) > psnr(truth / 255, filtered) + 0.05
    at, inside = borders(found - filtered, [64, 128, 192])
    assert at <= inside
