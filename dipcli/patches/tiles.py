"""A picture's groups of alike patches, tile by tile, as many tiles at once as there are threads.

A tile's arrays are small: they stay in a core's own memory, and a core needs no other one. At
512x512 two threads take 0.52 of one's time so; inside small operations they took 0.65.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from typing import TypeVar

import torch
from torch import Tensor

from dipcli.patches.matching import nearest

SIDE = 128  # pixels of a tile on the CPU, about
LARGE_SIDE = 384  # on a device that likes few and large operations

T = TypeVar("T")


@dataclass(frozen=True)
class Tile:
    """A part of a picture, with all patches that are in the groups of its references."""

    rows: slice
    columns: slice
    references: tuple[slice, slice]  # the part that the reference patches cover
    groups: Tensor  # (N, k): places among all patches of the whole part

    def of(self, image: Tensor) -> Tensor:
        """The part of a picture (..., H, W)."""
        return image[..., self.rows, self.columns]

    def of_patches(self, image: Tensor, p: int) -> Tensor:
        """The part of a picture, (..., H-p+1, W-p+1), that has a value for each p x p patch."""
        rows, columns = (slice(s.start, s.stop - p + 1) for s in (self.rows, self.columns))
        return image[..., rows, columns]


def worked(
    guide: Tensor, p: int, stride: int, radius: int, count: int, work: Callable[[Tile], T]
) -> Iterator[tuple[Tile, T]]:
    """Each tile and what `work` makes of it, always in the same order.

    guide: (1, G, H, W), on which groups of `count` patches of side p are formed, around every
    `stride` pixels and at most `radius` away.
    """
    on_cpu = guide.device.type == "cpu"
    step = max(1, (SIDE if on_cpu else LARGE_SIDE) // stride) * stride
    size = guide.shape[2:]
    tops, lefts = (range(0, length - p + 1, step) for length in size)
    starts = list(product(tops, lefts))

    @torch.no_grad()
    def work_at(start: tuple[int, int]) -> tuple[Tile, T]:
        sides = [reach(*side, step, stride, p, radius) for side in zip(start, size, strict=True)]
        (rows, own_rows, up), (columns, own_columns, left) = sides
        groups = nearest(guide[..., rows, columns], up, left, p, radius, count)
        tile = Tile(rows, columns, (own_rows, own_columns), groups)
        return tile, work(tile)

    threads = min(torch.get_num_threads(), len(starts)) if on_cpu else 1
    if threads == 1:
        yield from map(work_at, starts)
    else:
        yield from in_threads(work_at, starts, threads)


def in_threads(
    work: Callable[[tuple[int, int]], T], starts: list[tuple[int, int]], threads: int
) -> Iterator[T]:
    """The same as map, each call in one of so many threads, which has one core.

    So has this one meanwhile: its operations would wait for the cores of the others.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            yield from pool.map(work, starts)
    finally:
        torch.set_num_threads(before)


def reach(
    first: int, length: int, step: int, stride: int, p: int, radius: int
) -> tuple[slice, slice, range]:
    """Along one side: what the groups of a tile reach, what its references cover, and where in
    the former these begin.

    first: where the tile begins; length: of the picture; step: how far the next one is away.
    """
    stop = min(length, first + step - stride + p)
    start = max(0, first - radius)
    within = range(first - start, stop - p - start + 1, stride)
    return slice(start, min(length, stop + radius)), slice(first, stop), within
