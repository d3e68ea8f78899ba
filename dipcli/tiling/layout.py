"""Whether a picture is restored in tiles, how large they are, and where they lie."""

from __future__ import annotations

import math

from dipcli.settings import Settings
from dipcli.stages import TileSettings

SIDES = (1536, 1280, 1024, 768, 512, 384, 256, 192)  # pixels: few, so that a tile rarely changes
WHOLE_PIXELS = 2.4e6  # pixels: the CPU takes larger pictures in tiles whatever its memory
TILE_BYTES = 1.5e9  # of a tile on the CPU: 12 megapixels then stay below 3 GB
MEMORY_SHARE = 0.7  # of the memory that is there
OVERLAP = 64  # pixels of the result; at most a quarter of a tile
ALIGNMENT = 24  # tiles begin at multiples of it: the filter's patches lie as in the whole picture


def side(
    settings: Settings,
    size: tuple[int, int],
    free: float | None,
    *,
    float32: bool = False,
    bounded: bool = True,
) -> int | None:
    """The longest side of a tile of a result of (H, W) = `size`, in pixels; None: no tiles.

    free: bytes that can be had, None: not known. bounded: whether tiles are small even where
    memory abounds, as on the CPU, which gains nothing by larger ones.
    """
    if isinstance(settings, TileSettings) and settings.tile is not None:
        return settings.tile if settings.tile < max(size) else None
    most = math.inf if free is None else MEMORY_SHARE * free
    pixels = size[0] * size[1]
    small = pixels <= WHOLE_PIXELS or not bounded
    if small and settings.cost(pixels, float32=float32).bytes <= most:
        return None
    if bounded:
        most = min(most, TILE_BYTES)
    for one in SIDES:
        if one < max(size) and settings.cost(one * one, float32=float32).bytes <= most:
            return one
    return smaller(size, SIDES[-2])


def smaller(size: tuple[int, int], now: int | None) -> int | None:
    """The next smaller tiles after those of side `now` (None: the whole); None: there are none."""
    limit = max(size) if now is None else min(now, max(size))
    return next((one for one in SIDES if one < limit), None)


def layout(
    size: tuple[int, int], longest: int, scale: int = 1
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """The rows and the columns of tiles over an observation of (H, W) = `size`.

    longest: side of a tile in pixels of the result, which is `scale` times as large.
    """
    overlap = math.ceil(min(OVERLAP, longest // 4) / scale)
    unit = max(1, ALIGNMENT // scale)
    rows, columns = (spans(length, longest // scale, overlap, unit) for length in size)
    return rows, columns


def spans(length: int, most: int, overlap: int, unit: int) -> list[tuple[int, int]]:
    """(start, stop) of parts of one size that fill `length` and overlap by `overlap` at least.

    They begin at multiples of `unit` and are as few as `most` allows, if it holds one unit
    beside an overlap.
    """
    if length <= most:
        return [(0, length)]
    step = max(1, (most - overlap) // unit) * unit
    count = math.ceil((length - overlap) / step)
    step = math.ceil((length - overlap) / (count * unit)) * unit  # as equal as can be
    last = math.ceil(max(0, length - step - overlap) / unit) * unit
    starts = [*range(0, last, step), last]
    return [(start, min(length, start + step + overlap)) for start in starts]
