"""Large holes are filled with shifted copies of what is known."""

import numpy as np
import pytest
import torch

from dipcli import tasks
from dipcli.filling import shiftmap
from dipcli.filling.blending import blended
from dipcli.filling.offsets import aligned, dominant
from dipcli.filling.shiftmap import fill_holes, holes
from dipcli.patches.completion import biharmonic
from dipcli.stream.resume import ResumeState
from dipcli.stream.step import Runtime
from dipcli.tasks.completing import copy_patches


def texture(height: int = 72, width: int = 80) -> torch.Tensor:
    """Tiles of 12 x 16 pixels drawn by chance, (1, 3, H, W)."""
    tile = torch.from_numpy(np.random.default_rng(0).random((1, 3, 12, 16), np.float32))
    return tile.repeat(1, 1, -(-height // 12), -(-width // 16))[..., :height, :width]


def rows_of(y: torch.Tensor) -> np.ndarray:
    return y[0].permute(1, 2, 0).numpy().copy()


def punched(y: torch.Tensor, rows: slice, columns: slice) -> torch.Tensor:
    known = torch.ones_like(y[:, :1])
    known[..., rows, columns] = 0
    return known


def filled(y: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
    blank = y * known
    return list(fill_holes(blank, known, biharmonic(blank, known), 3))[-1]


def test_the_shifts_are_the_periods_of_the_picture():
    y = texture()
    hole = np.zeros(y.shape[2:], bool)
    hole[20:40, 24:44] = True
    found = dominant(rows_of(y), hole, 10.0)
    strongest = {tuple(o) for o in found[:4].tolist()}
    assert strongest <= {(dy, dx) for dy in range(-72, 73, 12) for dx in range(-80, 81, 16)}
    assert tuple(aligned(rows_of(y), hole, np.array([13, -15]))) == (12, -16)


def test_a_periodic_texture_is_continued():
    y = texture()
    known = punched(y, slice(20, 50), slice(24, 58))
    found = filled(y, known)
    wrong = ((found - y).abs().amax(1) > 0.02) & (known[:, 0] == 0)
    assert wrong.float().sum() / (known == 0).sum() < 0.02
    assert torch.equal(found * known, y * known)


def test_a_step_between_two_copies_is_spread():
    values = np.full((20, 60, 1), 0.4, np.float32)
    values[:, 40:] = 0.6
    hole = np.zeros((20, 60), bool)
    hole[:, 15:35] = True
    labels = np.where(np.arange(60) < 25, 1, 2)[None].repeat(20, 0) * hole
    offsets = np.array([[0, -12], [0, 24]])
    found = blended(values, hole, hole, labels, offsets)[:, :, 0]
    assert np.abs(np.diff(found[:, 10:39], axis=1)).max() < 0.03  # the step was 0.2


def test_each_hole_is_filled_on_its_own_and_one_can_go_on_after_any():
    y = texture(96, 160)
    known = punched(y, slice(20, 40), slice(20, 40)) * punched(y, slice(50, 76), slice(110, 140))
    assert len(holes(known[0, 0].numpy() == 0)[1]) == 2
    blank = y * known
    guide = biharmonic(blank, known)
    first, second = fill_holes(blank, known, guide, 3)
    assert torch.equal(first[..., 50:76, 110:140], guide[..., 50:76, 110:140])
    (again,) = fill_holes(blank, known, guide, 3, (1, first))
    assert torch.equal(again, second)
    assert torch.equal(second[..., 20:40, 20:40], first[..., 20:40, 20:40])


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    ("size", "rows", "columns"),
    [
        ((1, 2), slice(0, 1), slice(0, 1)),
        ((5, 4), slice(1, 5), slice(0, 4)),
        ((9, 33), slice(0, 9), slice(2, 33)),
        ((41, 53), slice(0, 41), slice(20, 53)),
        ((64, 64), slice(1, 64), slice(1, 64)),
        ((161, 147), slice(30, 161), slice(0, 100)),
    ],
)
def test_holes_at_the_border_and_small_pictures(size, rows, columns, channels):
    y = torch.rand(1, channels, *size, generator=torch.Generator().manual_seed(2))
    known = punched(y, rows, columns)
    found = filled(y, known)
    assert torch.equal(found * known, y * known)
    assert float(found.min()) >= 0 and float(found.max()) <= 1


@pytest.mark.parametrize(("kind", "rows"), [("object", slice(20, 40)), ("large", slice(20, 50))])
def test_a_hole_of_a_task_gets_texture_without_a_fit(kind: str, rows: slice):
    image = (texture(84, 96) * 255).byte()[0].permute(1, 2, 0).numpy()
    hole = np.zeros(image.shape[:2], bool)
    hole[rows, 24:58] = True
    task = tasks.inpaint(image, hole)
    assert task.kind == kind
    runtime = Runtime(torch.device("cpu"), 0, None, ResumeState())
    y, known = task.pixels.tensor(runtime.device), torch.from_numpy(~hole)[None, None].float()
    *_, step = copy_patches(y, known, task.settings("auto"), None, runtime)
    wrong = np.abs(task.render(step.estimate).astype(int) - image).max(-1) > 5
    assert wrong.sum() < 0.02 * hole.sum()


def test_what_one_hole_was_filled_with_is_known_to_the_next(monkeypatch: pytest.MonkeyPatch):
    """Two columns of each are in sight of the other: lost before, known after."""
    y = texture(96, 160)
    known = punched(y, slice(30, 40), slice(40, 60)) * punched(y, slice(30, 40), slice(90, 110))
    seen = []

    def looking(view: shiftmap.View, sweeps: int) -> np.ndarray:
        seen.append(int((view.lost & ~view.hole).sum()))
        return view.values

    monkeypatch.setattr(shiftmap, "filled", looking)
    assert len(list(fill_holes(y * known, known, y, 1))) == 2
    assert seen == [20, 0]
