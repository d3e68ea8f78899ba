"""Into which tiles a picture is divided, what each says where they overlap, and its time."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

import torch
from torch import Tensor

from dipcli.settings import Settings
from dipcli.tasks.arrays import Window
from dipcli.tasks.one_network import Joint
from dipcli.tiling import layout

EDGE = 0.25  # of an overlap, at each end: what lies there is left to the other tile


@dataclass(frozen=True)
class Tile:
    """A window of the observation; weight: what it says to the result there, (h, w)."""

    window: Window
    weight: Tensor


def grid(size: tuple[int, int], longest: int, scale: int = 1) -> list[Tile]:
    """Tiles over an observation of (H, W) = `size`, row by row; the weights of any pixel reach 1.

    longest: side in pixels of the result, which is `scale` times as large.
    """
    rows, columns = layout.layout(size, longest, scale)
    down = [fade(rows, i, scale) for i in range(len(rows))]
    along = [fade(columns, i, scale) for i in range(len(columns))]
    return [
        Tile(Window(*row, *column), torch.outer(down[i], along[j]))
        for i, row in enumerate(rows)
        for j, column in enumerate(columns)
    ]


def fade(spans: list[tuple[int, int]], index: int, scale: int) -> Tensor:
    """The weight along one span, (length * scale,), beside its neighbours."""
    start, stop = spans[index]
    weight = torch.ones((stop - start) * scale)
    if index > 0:
        rise = ramp((spans[index - 1][1] - start) * scale)
        weight[: len(rise)] *= rise
    if index + 1 < len(spans):
        fall = 1 - ramp((stop - spans[index + 1][0]) * scale)
        weight[-len(fall) :] *= fall
    return weight


def ramp(length: int) -> Tensor:
    """From 0 to 1 over `length` pixels, level for EDGE of it at both ends."""
    at = (torch.arange(length) + 0.5) / length
    return ((at - EDGE) / (1 - 2 * EDGE)).clamp(0, 1)


@dataclass(frozen=True)
class Plan:
    """Tiles of side `longest`, what follows them, and when all has to be done."""

    longest: int
    tiles: list[Tile]
    joint: Joint | None
    deadline: float | None

    @property
    def facts(self) -> dict[str, object]:
        """What is told of them, as plain JSON."""
        return {"tile": self.longest, "tiles": len(self.tiles)}

    def deadline_of_tile(self, settings: Settings, number: int) -> float | None:
        """When tile `number` has to be done: of the time left, it has a share by area.

        settings: of each tile. What follows them has its share, by what both are said to cost.
        """
        if self.deadline is None:
            return None
        areas = [tile.weight.numel() for tile in self.tiles[number:]]
        share = areas[0] / sum(areas)
        if self.joint is not None:
            tiles = sum(settings.cost(area).seconds for area in areas)
            share *= tiles / (tiles + self.joint.cost.seconds)
        now = perf_counter()
        return now + (self.deadline - now) * share
