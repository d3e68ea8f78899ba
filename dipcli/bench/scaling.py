"""How seconds and memory grow with the picture: the suite `scaling`, and its table.

A picture of any size is put together of windows of the colour pictures, all unlike as long as
there are any, so that a larger one is no easier. Its noise has a sigma of 25.
"""

from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]
Record = dict[str, Any]

SIZES = {  # height, width
    "0.25 Mpx": (512, 512),
    "1 Mpx": (1000, 1000),
    "2 Mpx": (1200, 1640),
    "4 Mpx": (1728, 2304),
    "12 Mpx": (3000, 4000),
    "24 Mpx": (4000, 6000),
    "48 Mpx": (6000, 8000),
}
SIGMA = 25.0
TILE = 256  # pixels, the side of a window
BAND = 64  # rows that get their noise at a time: the peak of memory is to be the method's


def mosaic(paths: Sequence[Path], size: tuple[int, int]) -> Pixels:
    """A picture of (H, W), (H, W, 3) uint8, of windows of these pictures, turned and mirrored."""
    height, width = size
    found = np.empty((height, width, 3), np.uint8)
    tiles = _tiles(paths)
    for top in range(0, height, TILE):
        for left in range(0, width, TILE):
            place = found[top : top + TILE, left : left + TILE]
            place[:] = next(tiles)[: place.shape[0], : place.shape[1]]
    return found


def _tiles(paths: Sequence[Path]) -> Iterator[Pixels]:
    """Windows of (TILE, TILE, 3) without end, each in one of eight positions in turn."""
    windows = []
    for path in paths:
        with Image.open(path) as picture:
            levels = np.asarray(picture.convert("RGB"))
        rows, columns = (range(0, n - TILE + 1, TILE) for n in levels.shape[:2])
        windows += [levels[y : y + TILE, x : x + TILE] for y in rows for x in columns]
    for turn in cycle(range(8)):
        for window in windows:
            turned = np.rot90(window, turn % 4)
            yield turned[:, ::-1] if turn >= 4 else turned


def noisy(clean: Pixels) -> Pixels:
    """White noise of SIGMA, clipped and rounded to 8 bits; seed 0."""
    rng = np.random.default_rng(0)
    found = np.empty_like(clean)
    for top in range(0, len(clean), BAND):
        rows = clean[top : top + BAND]
        noise = rng.normal(0, SIGMA, rows.shape)
        found[top : top + BAND] = np.clip(rows + noise, 0, 255).round().astype(np.uint8)
    return found


def markdown(records: Sequence[Record]) -> str:
    """Seconds and memory for each size, and how they grow: a column group for each variant.

    growth: how many times the time of the smallest picture, over how many times its pixels; below
    1 time grows slower than the picture. MB are the peak over what importing takes, with the
    picture and its truth in it.
    """
    variants = list(dict.fromkeys(record["variant"] for record in records))
    sizes = [name for name in SIZES if any(record["picture"] == name for record in records)]
    cells = {(record["picture"], record["variant"]): record for record in records}
    names = ("s", "s per Mpx", "growth", "MB", "PSNR")
    head = ["picture", *(f"`{variant}`: {name}" for variant in variants for name in names)]
    lines = [head, ["---", *["---:"] * (len(head) - 1)]]
    for size in sizes:
        row = [size]
        for variant in variants:
            first = next(cells[one, variant] for one in sizes if (one, variant) in cells)
            cell = cells.get((size, variant))
            row += [""] * len(names) if cell is None else _texts(cell, first)
        lines.append(row)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _texts(cell: Record, first: Record) -> list[str]:
    """The figures of one size with one variant; first: of the smallest that was measured."""
    rate, base = (one["seconds"] / _megapixels(one) for one in (cell, first))
    return [
        f"{cell['seconds']:.1f}",
        f"{rate:.2f}",
        f"{rate / base:.2f}",
        f"{cell['peak_over_import_mb']:.0f}",
        f"{cell['psnr']:.2f}",
    ]


def _megapixels(record: Record) -> float:
    height, width = SIZES[record["picture"]]
    return height * width / 1e6
