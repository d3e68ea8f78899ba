"""A JPEG done in tiles is restored within what its file allows, where tiles meet, too."""

import pytest
import torch
from scenes import decoded, file_of, scene, tensor

from dipcli import tasks
from dipcli.degradation.jpeg import Intervals, Layout, components, project
from dipcli.stream.step import Runtime
from dipcli.tasks import denoising
from dipcli.tasks.arrays import Pixels
from dipcli.tiling.canvas import tiled

CPU = Runtime(torch.device("cpu"))
SIZE = (96, 88)


def outside(x, y, coding):
    """The share of coefficients of x more than a thousandth of a level outside what y allows."""
    planes, off, count = components(x, coding), 0, 0
    for number, (low, high) in enumerate(Intervals.of(y, coding).bounds):
        layout = Layout.of(coding, number, SIZE)
        blocks = layout.blocks(layout.reduced(planes[number]))
        off += int(((blocks < low - 1e-3) | (blocks > high + 1e-3)).sum())
        count += blocks.numel()
    return off / count


def denoising_of(quality, **options):
    levels, coding = decoded(file_of(scene(*SIZE), quality=quality, **options))
    task = tasks.denoise(levels, coding=coding, noise="jpeg")
    return task, tensor(levels), coding


@pytest.mark.parametrize(("quality", "most"), [(10, 1e-4), (60, 1e-3)])
@pytest.mark.parametrize("subsampling", [0, 2])
def test_where_tiles_meet_coefficients_are_within_their_intervals(quality, most, subsampling):
    """Joined alone, 0.0002 of them are outside at 10, 0.002 at 60, though each tile lies within."""
    task, y, coding = denoising_of(quality, subsampling=subsampling)
    *_, step = tiled(task, 40, task.settings("fast", passes=1, stride=6), CPU)
    assert outside(step.estimate, y, coding) < most
    assert step.index + 1 == step.total


@pytest.mark.parametrize("subsampling", [0, 2])
def test_window_by_window_is_as_the_whole_at_once(subsampling, monkeypatch):
    monkeypatch.setattr(denoising, "PROJECTED_SIDE", 40)
    _, y, coding = denoising_of(20, subsampling=subsampling)
    wrong = y.flip(-1).lerp(y, 0.7)
    whole, joined = project(wrong, y, coding), wrong.clone()
    denoising.project_joined(joined, Pixels.of(y[0].permute(1, 2, 0).numpy()), coding)
    assert (whole - wrong).abs().mean() > 1 / 255
    assert (joined - whole).abs().mean() < 0.1 * (whole - wrong).abs().mean()
    assert outside(joined, y, coding) < outside(whole, y, coding) + 0.005
