"""Large holes are filled with the picture's own patches."""

import numpy as np
import pytest
import torch

from dipcli import tasks
from dipcli.prior.completion import thin_plate
from dipcli.prior.exemplars import Exemplars
from dipcli.prior.memory import Memory
from dipcli.prior.step import Runtime
from dipcli.restore import restore


def texture(height: int = 72, width: int = 80) -> torch.Tensor:
    """Tiles of 6 x 8 pixels drawn by chance, (1, 3, H, W)."""
    tile = torch.from_numpy(np.random.default_rng(0).random((1, 3, 6, 8), np.float32))
    return tile.repeat(1, 1, height // 6, width // 8)


def punched(y: torch.Tensor, rows: slice, columns: slice) -> torch.Tensor:
    known = torch.ones_like(y[:, :1])
    known[..., rows, columns] = 0
    return known


def filled(y: torch.Tensor, known: torch.Tensor, seed: int = 0) -> torch.Tensor:
    blank = y * known
    exemplars = Exemplars(blank, known, thin_plate(blank, known), 6, seed)
    pictures = list(exemplars.fillings())
    assert len(pictures) == exemplars.planned
    return pictures[-1]


def test_a_periodic_texture_is_continued():
    y = texture()
    known = punched(y, slice(20, 50), slice(24, 58))
    found = filled(y, known)
    wrong = ((found - y).abs().amax(1) > 0.02) & (known[:, 0] == 0)
    assert wrong.float().sum() / (known == 0).sum() < 0.02


def test_known_pixels_stay_and_lost_ones_are_copies():
    y = torch.rand(1, 3, 40, 50, generator=torch.Generator().manual_seed(0))
    known = punched(y, slice(8, 34), slice(10, 40))
    found = filled(y, known)
    assert torch.equal(found * known, y * known)
    there = {tuple(v) for v in y[0, :, known[0, 0] > 0].t().tolist()}
    lost = found[0, :, known[0, 0] == 0].t().tolist()
    assert all(tuple(v) in there for v in lost)


def test_the_same_seed_gives_the_same_filling():
    y = texture() + 0.1 * torch.rand(1, 3, 72, 80, generator=torch.Generator().manual_seed(1))
    known = punched(y, slice(12, 60), slice(10, 62))
    assert torch.equal(filled(y, known, 3), filled(y, known, 3))
    assert not torch.equal(filled(y, known, 3), filled(y, known, 4))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    ("size", "rows", "columns"),
    [
        ((1, 2), slice(0, 1), slice(0, 1)),
        ((5, 4), slice(1, 5), slice(0, 4)),
        ((9, 33), slice(0, 9), slice(2, 33)),
        ((41, 53), slice(0, 41), slice(20, 53)),
        ((64, 64), slice(1, 64), slice(1, 64)),
        ((65, 47), slice(15, 65), slice(0, 30)),
    ],
)
def test_holes_at_the_border_and_small_pictures(size, rows, columns, channels):
    y = torch.rand(1, channels, *size, generator=torch.Generator().manual_seed(2))
    known = punched(y, rows, columns)
    found = filled(y, known)
    assert torch.equal(found * known, y * known)
    assert float(found.min()) >= 0 and float(found.max()) <= 1


def test_a_large_hole_of_a_task_gets_texture_without_a_fit():
    image = (texture() * 255).byte()[0].permute(1, 2, 0).numpy()
    hole = np.zeros(image.shape[:2], bool)
    hole[20:50, 24:58] = True
    task = tasks.inpaint(image, hole)
    assert task.kind == "large"
    runtime = Runtime(torch.device("cpu"), 0, None, Memory())
    result = restore(task, task.settings("auto", runs=0), runtime)
    assert (result.image != image).any(-1).sum() < 0.02 * hole.sum()
