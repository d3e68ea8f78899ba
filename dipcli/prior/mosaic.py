"""One network for a picture too large to be fitted at once: fitted to windows of it, then applied.

The windows, each the busiest of its part of the picture, lie beside one another in a mosaic, which
is fitted as any picture (`prior/detail.py`). What the network does to details is alike all over a
picture, so that it is applied to the whole band by band, with the statistics of the mosaic.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _NormBase

from dipcli.degradation.problem import Problem
from dipcli.prior.detail import CELL, DetailRun, levelled
from dipcli.prior.fit import network_input
from dipcli.stages import WINDOW

BAND_PIXELS = 2_000_000  # of a band with what lies around it: 0.3 GB while the network is applied
AROUND = 128  # rows about a band: with them no value is off by more than 0.1 of 255 (64 rows: 6)
ALIGNMENT = 64  # rows: bands begin where the coarsest level and the cells of levels do

Place = tuple[slice, slice]


def busiest(picture: Tensor, grid: tuple[int, int]) -> list[list[Place]]:
    """The window with most detail of each part of (1, C, H, W), cut into `grid` parts.

    grid: rows and columns of parts, each at least WINDOW pixels high and wide.
    """
    found = activity(picture)
    rows, columns = grid
    return [
        [
            busiest_of(found, span(found.shape[0], rows, i), span(found.shape[1], columns, j))
            for j in range(columns)
        ]
        for i in range(rows)
    ]


def span(length: int, parts: int, index: int) -> tuple[int, int]:
    """Where part `index` of `parts` of a length begins and ends."""
    return index * length // parts, (index + 1) * length // parts


def busiest_of(found: Tensor, rows: tuple[int, int], columns: tuple[int, int]) -> Place:
    """The window with the largest value of `found`, (rows, columns) of windows, in a part of it."""
    part = found[slice(*rows), slice(*columns)]
    row, column = divmod(int(part.argmax()), part.shape[1])
    top, left = WINDOW * (rows[0] + row), WINDOW * (columns[0] + column)
    return slice(top, top + WINDOW), slice(left, left + WINDOW)


def activity(picture: Tensor) -> Tensor:
    """The mean absolute value of details in each window of (1, C, H, W), row by row of windows."""
    rows = []
    for top in range(0, picture.shape[2] - WINDOW + 1, WINDOW):
        gray = picture[:, :, top : top + WINDOW].mean(1, keepdim=True)
        level = F.avg_pool2d(gray, CELL + 1, 1, CELL // 2, count_include_pad=False)
        rows.append(F.avg_pool2d((gray - level).abs(), WINDOW)[0, 0])
    return torch.cat(rows)


def mosaic(cut: Callable[[Place], Tensor], places: list[list[Place]]) -> Tensor:
    """What `cut` gives for each place, (1, C, WINDOW, WINDOW), beside and below one another."""
    return torch.cat([torch.cat([cut(place) for place in row], 3) for row in places], 2)


def fixed(run: DetailRun) -> DetailRun:
    """The run with a copy of its network that keeps the statistics of what it was fitted to."""
    made = copy.copy(run)
    made.net = copy.deepcopy(run.net)
    for layer in made.net.modules():
        if isinstance(layer, _NormBase):
            keep_statistics(layer)
    made.apply_net(run.jitter.z)
    made.net.eval()
    return made


def keep_statistics(layer: _NormBase) -> None:
    """Let a normalisation remember the mean and the variance of the next picture."""
    like = next(layer.parameters(), torch.zeros(()))
    layer.track_running_stats, layer.momentum = True, 1.0
    layer.running_mean = torch.zeros(layer.num_features, device=like.device)
    layer.running_var = torch.ones(layer.num_features, device=like.device)


@torch.no_grad()
def by_bands(
    run: DetailRun, picture: Callable[[slice], Tensor], size: tuple[int, int]
) -> Iterator[tuple[slice, Tensor, Tensor]]:
    """Bands of a picture of (H, W) = `size`: their rows, what they show, what the network makes.

    picture: gives rows of it, (1, C, h, W) in [0, 1].
    """
    made = fixed(run)
    height, width = size
    step = max(1, (BAND_PIXELS // width - 2 * AROUND) // ALIGNMENT) * ALIGNMENT
    for top in range(0, height, step):
        start, bottom = max(0, top - AROUND), min(height, top + step)
        seen = picture(slice(start, min(height, bottom + AROUND)))
        found = levelled(output(made, seen), seen)
        inner = slice(top - start, bottom - start)
        yield slice(top, bottom), seen[:, :, inner], found[:, :, inner]


def output(run: DetailRun, picture: Tensor) -> Tensor:
    """What the network makes of a picture, (1, C, H, W)."""
    height, width = picture.shape[2:]
    problem = Problem(picture, (height, width), picture=picture)
    z = network_input(problem, run.settings, run.generator)
    z = z.to(picture.device, memory_format=run.layout)
    return run.apply_net(z)[..., :height, :width]
