"""A picture done in tiles looks as if it had been done at once."""

import numpy as np
import pytest
import torch
from skimage import data
from skimage.metrics import peak_signal_noise_ratio as psnr

import dipcli
from dipcli import tasks
from dipcli.api import restore
from dipcli.presets.denoise import PRESETS, DenoiseSettings
from dipcli.stream.step import Runtime, Step
from dipcli.tiling import layout
from dipcli.tiling.canvas import GAVE_UP, Canvas, tiled
from dipcli.tiling.division import grid

CPU = Runtime(torch.device("cpu"))
TINY = {"channels": (8, 16), "iters": 4, "device": "cpu"}


def scene(size: int = 144) -> np.ndarray:
    """A face, (size, size, 3) uint8."""
    return data.astronaut()[20 : 20 + size, 140 : 140 + size]


def noisy(sigma: float = 25, size: int = 144) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, sigma, (size, size, 3))
    return np.clip(scene(size) + noise, 0, 255).round().astype(np.uint8)


class Dimming(tasks.Task):
    """Makes a picture half as bright, in as many steps as there are iters."""

    name = "denoise"
    Settings = DenoiseSettings
    presets = PRESETS

    def steps(self, settings, runtime):
        y = self.pixels.tensor(runtime.device)
        for index in range(settings.iters):
            estimate = y * (1 - 0.5 * (index + 1) / settings.iters)
            spread = estimate[:, :1] if index else None
            yield Step(index, settings.iters, "fit", 0, y.new_zeros(()), estimate, estimate, spread)


def dimming(iters: int = 2, runs: int = 2, **more: object) -> tuple[Dimming, object]:
    task = Dimming(scene())
    return task, task.settings("auto", iters=iters, runs=runs, **more)


@pytest.mark.parametrize("size", [(100, 130), (97, 33), (40, 300)])
def test_tiles_that_agree_become_the_picture(size):
    picture = torch.rand(1, 3, *size)
    canvas = Canvas(torch.zeros_like(picture), spreads=False)
    for tile in grid(size, 40):
        canvas.begin_tile(tile.window, tile.weight)
        shown = picture[:, :, *tile.window.slices]
        canvas.show(Step(0, 1, "fit", 0, torch.zeros(()), shown, shown))
    assert torch.allclose(canvas.picture, picture, atol=1e-6)
    assert canvas.weight.min() > 0.999


def test_a_tile_says_nothing_next_to_its_edge_and_all_beyond_the_overlap():
    """Of an overlap of 64 pixels a quarter at each end belongs to one tile alone."""
    first, second, _ = (tile.weight[:, 0] for tile in grid((1000, 40), 384))
    assert second[:16].max() == 0 and second[48:300].min() == 1
    assert first[-64:-48].min() == 1 and first[-16:].max() == 0
    assert torch.allclose(first[-64:] + second[:64], torch.ones(64))
    assert second[31] == pytest.approx(31 / 64, abs=0.02)


def test_what_a_tile_has_half_decided_is_known_to_the_next():
    """A pixel of weight one half counts as known, one of less does not."""
    known = []

    class Listening(Dimming):
        def accept_known(self, picture, mask):
            known.append(mask)

    task = Listening(scene())
    list(tiled(task, 64, task.settings("auto", iters=1, runs=1), CPU))
    (_, right, *_), weight = grid((144, 144), 64)[:3], known[1]
    overlap = 64 - right.window.left
    assert 8 <= overlap <= 32
    assert weight[0, : overlap // 2].all()
    assert not weight[0, overlap // 2 :].any()
    assert not known[0].any()


def test_steps_are_counted_through_all_tiles_and_end_with_the_total():
    task, settings = dimming()
    steps = list(tiled(task, 64, settings, CPU))
    count = len(grid((144, 144), 64))
    assert [step.index for step in steps] == list(range(2 * count))
    assert {step.total for step in steps} == {2 * count}
    assert steps[-1].notes["tile"] == 64 and steps[-1].notes["tiles"] == count
    expected = task.pixels.tensor(CPU.device) * 0.5
    assert torch.allclose(steps[-1].estimate, expected, atol=1e-6)
    assert steps[-2].spread is None
    assert torch.allclose(steps[-1].spread, expected[:, :1], atol=1e-6)


def test_no_spread_is_told_if_one_tile_has_none():
    task, settings = dimming(iters=1)
    assert list(tiled(task, 64, settings, CPU))[-1].spread is None


def test_interrupted_in_the_middle_the_rest_is_as_observed():
    task, settings = dimming(tile=64)

    def stop(step):
        if step.index == 3:
            raise KeyboardInterrupt

    result = restore(task, settings, CPU, [stop])
    assert result.partial
    assert np.array_equal(result.image[80:], scene()[80:])
    assert np.abs(result.image[:40, :40] - scene()[:40, :40] / 2).max() <= 0.5


def test_tiles_share_the_time_and_what_it_does_not_reach_is_told():
    now = [0.0]
    allowed = []

    class Slow(Dimming):
        def steps(self, settings, runtime):
            allowed.append(settings.time)
            now[0] += 4
            return super().steps(settings, runtime)

    task = Slow(scene())
    settings = task.settings("auto", iters=1, runs=1, time=10.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dipcli.tiling.canvas.perf_counter", lambda: now[0])
        patch.setattr("dipcli.tiling.division.perf_counter", lambda: now[0])
        patch.setattr("dipcli.stream.combinators.perf_counter", lambda: now[0])
        steps = list(tiled(task, 80, settings, CPU))
    count = len(grid((144, 144), 80))
    assert count == 9
    assert allowed[0] == pytest.approx(10 / 9, rel=0.3)
    assert sum(allowed) < 10
    assert len(allowed) == 3
    assert steps[-1].notes[GAVE_UP] == [
        f"the time was up: {count - 3} of 9 tiles stay as they were"
    ]
    assert steps[-1].index + 1 == steps[-1].total
    assert not steps[0].notes.get(GAVE_UP)


def borders(difference: np.ndarray, side: int) -> tuple[float, float]:
    """The mean step across the edges of tiles, and the largest elsewhere, of rows and columns."""
    at, inside = [], []
    for axis, spans in enumerate(layout.layout(difference.shape[:2], side)):
        steps = np.abs(np.diff(difference, axis=axis)).mean(axis=(1 - axis, 2))
        edges = {edge - 1 for span in spans for edge in span if 0 < edge < difference.shape[axis]}
        at += [steps[i] for i in edges]
        inside += [step for i, step in enumerate(steps) if i not in edges]
    return max(at), max(inside)


NETWORK = {"iters": 40, "runs": 1, "passes": 2, "channels": (16, 32, 32)}


@pytest.mark.parametrize("settings", [{"preset": "fast"}, NETWORK])
def test_denoised_in_tiles_is_as_good_and_has_no_seam(settings):
    whole = dipcli.denoise(noisy(), device="cpu", **settings)
    cut = dipcli.denoise(noisy(), device="cpu", tile=96, **settings)
    assert cut.notes["tiles"] == 4
    assert cut.notes["sigma"] == whole.notes["sigma"]
    assert psnr(scene(), cut.image) > psnr(scene(), whole.image) - 0.05
    at, inside = borders(cut.image.astype(float) - scene(), 96)
    assert at <= inside


def test_tiles_are_denoised_by_the_noise_of_the_whole():
    task = tasks.denoise(noisy())
    part = task.part(tasks.arrays.Window(0, 40, 0, 40))
    assert part.model is task.model
    assert part.observation.shape == (40, 40, 3)


def damaged(kind: str, size: int) -> tuple[np.ndarray, np.ndarray]:
    """A picture with a hole of this kind, black inside, and the hole."""
    hole = np.zeros((size, size), bool)
    if kind == "scattered":
        hole = np.random.default_rng(0).random(hole.shape) < 0.5
    elif kind == "text":
        for row in range(20, size - 14, 24):
            hole[row : row + 4, 10:-14] = True
    else:
        hole[50:80, 50:90] = True
    return np.where(hole[..., None], 0, scene(size)).astype(np.uint8), hole


def test_inpainted_in_tiles_is_as_good():
    image, hole = damaged("scattered", 96)
    settings = {"preset": "fast", "device": "cpu", "passes": 4}
    whole = dipcli.inpaint(image, hole, **settings)
    cut = dipcli.inpaint(image, hole, tile=64, **settings)
    truth = scene(96)[hole]
    assert psnr(truth, cut.image[hole]) > psnr(truth, whole.image[hole]) - 0.05


@pytest.mark.parametrize("kind", ["scattered", "text", "object"])
def test_known_pixels_stay_in_tiles_and_the_same_seed_gives_the_same_bytes(kind):
    image, hole = damaged(kind, 112)
    first, again = (
        dipcli.inpaint(image, hole, tile=80, preset="fast", passes=2, **TINY) for _ in range(2)
    )
    assert first.notes["hole"] == kind and first.notes["tile"] == 80
    assert np.array_equal(first.image[~hole], image[~hole])
    assert first.image.tobytes() == again.image.tobytes()


def test_tiles_without_a_hole_are_left_alone():
    hole = np.zeros((144, 144), bool)
    hole[3:6, 3:6] = True
    result = dipcli.inpaint(scene(), hole, tile=64, method="dip", **TINY)
    assert result.notes["tiles"] == 1
    assert result.stopped_at <= 4


def test_a_tile_inside_the_hole_sees_as_far_as_something_is_known():
    hole = np.zeros((400, 400), bool)
    hole[100:300, 100:300] = True
    task = tasks.inpaint(np.zeros((400, 400), np.uint8), hole)
    window = tasks.arrays.Window(180, 220, 180, 220)
    seen = task.context(window)
    assert hole[window.slices].all()
    assert 0.1 <= 1 - hole[seen.slices].mean() < 0.6
    assert seen == task.context(seen)
    outside = tasks.arrays.Window(0, 64, 0, 64)
    assert task.context(outside) == outside


def test_what_one_tile_has_filled_is_known_to_the_next():
    hole = np.zeros((40, 40), bool)
    hole[10:30, 10:30] = True
    task = tasks.inpaint(np.zeros((40, 40, 3), np.uint8), hole)
    part = task.part(tasks.arrays.Window(0, 40, 0, 40))
    settled = torch.zeros(40, 40, dtype=torch.bool)
    settled[:20] = True
    part.accept_known(torch.full((1, 3, 40, 40), 0.5), settled)
    assert not part.hole[:20].any() and part.hole[20:30, 10:30].all()
    assert (part.observation[:20] == 0.5).all() and (part.observation[20:] == 0).all()
    assert task.hole[10:30, 10:30].all() and (task.observation == 0).all()


@pytest.mark.parametrize("scale", [2, 3])
def test_enlarged_in_tiles_is_as_good_and_consistent(scale):
    truth = scene(144)
    small = truth.reshape(144 // scale, scale, 144 // scale, scale, 3).mean((1, 3))
    small = small.round().astype(np.uint8)
    settings = {"scale": scale, "kernel": "box", "device": "cpu", "passes": 3}
    settings |= {"channels": (16, 32), "iters": 40}
    whole = dipcli.superres(small, **settings)
    cut = dipcli.superres(small, tile=96, **settings)
    assert cut.image.shape == truth.shape and cut.notes["tiles"] == 4
    assert psnr(truth, cut.image) > psnr(truth, whole.image) - 0.05
    again = cut.image.astype(float).reshape(144 // scale, scale, 144 // scale, scale, 3)
    assert np.abs(again.mean((1, 3)) - small).mean() < 1


def test_runs_disagree_across_all_tiles():
    result = dipcli.denoise(noisy(), tile=96, runs=2, method="dip", **TINY)
    assert result.spread.shape == (144, 144)
    assert (result.spread > 0).mean() > 0.9
