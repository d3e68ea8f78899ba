"""From a file to a Picture."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dipcli.pictures import floats
from dipcli.pictures.headers import Levels, RefusedError, Scan
from dipcli.pictures.picture import Picture
from dipcli.pictures.scanning import as_picture_error, load, scan

MAX_PIXELS = 500_000_000


def read(source: Path | bytes, *, max_pixels: int | None = MAX_PIXELS) -> Picture:
    """Read a picture from a file or its bytes, upright, with all that belongs to it.

    The reader is chosen by content, never by suffix. Integers of 8 and 16 bits and float32 in
    [0, 1] come back exactly when the picture is encoded again. Raises PictureError, in one
    line, for everything that is not one whole gray or RGB picture of at most `max_pixels`
    (None: any number); the size is checked before anything is decoded. Floats outside [0, 1]
    are refused, but for those a hair outside, which are clipped and noted.
    """
    data = load(source)
    with as_picture_error(source):
        found = scan(memoryview(data), max_pixels)
        levels = found.decode(data)
        if levels.shape != (found.height, found.width, found.channels + found.has_alpha):
            raise RefusedError("is damaged: its pixels do not fit its header")
        return _picture(levels, found)


def _picture(levels: Levels, found: Scan) -> Picture:
    """The upright picture of stored values (H, W, C), alpha last."""
    levels = turned(levels, found.orientation)
    levels, notes = floats.within_range(levels)
    meta = replace(found.meta, notes=found.meta.notes + notes)
    pixels = _fractions(levels[..., : found.channels], found.top)
    alpha = _fractions(levels[..., -1], found.top) if found.has_alpha else None
    return Picture(pixels, alpha, meta)


def _fractions(levels: Levels, top: float) -> NDArray[np.float32]:
    """Stored values as float32 in [0, 1]."""
    values = levels.astype(np.float32, order="C")
    values /= np.float32(top)
    return values


def turned(array: Levels, orientation: int) -> Levels:
    """The array (H, W, C) as EXIF orientation 1..8 wants it shown."""
    if orientation > 4:
        array = array.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    return array
