"""What a file declares of itself, before any pixel is decoded."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dipcli.pictures.formats import LOSSLESS
from dipcli.pictures.picture import Meta

Levels = NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.float32]


class RefusedError(Exception):
    """Why a file is not read, as the end of a sentence that begins with its name."""


@dataclass(frozen=True)
class Header:
    """The facts of a picture file; sizes are those of the upright picture."""

    format: str
    width: int
    height: int
    channels: int  # of colour: 1 or 3
    depth: int  # bits per value as in Meta.depth: 8, 16, or 32 for float
    has_alpha: bool
    lossless: bool = False  # whether the file holds its pixels as they were

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.width, self.height


@dataclass(frozen=True)
class Scan:
    """A file without its pixels, as each format module gives it.

    width and height are those stored, before the orientation (1..8, as in EXIF) is applied.
    decode gives the stored values as (H, W, C), alpha last, C from 1 to 4, of which the largest
    is `top`; it is called only when the size has been found bearable.
    """

    width: int
    height: int
    channels: int
    has_alpha: bool
    meta: Meta
    decode: Callable[[bytes], Levels] = field(repr=False)
    orientation: int = 1
    top: float = 255.0

    @property
    def header(self) -> Header:
        """The facts of the upright picture."""
        size = (self.width, self.height)
        width, height = size[::-1] if self.orientation > 4 else size
        meta = self.meta
        exact = meta.lossless or meta.format in LOSSLESS
        return Header(meta.format, width, height, self.channels, meta.depth, self.has_alpha, exact)
