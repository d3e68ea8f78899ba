"""What a file declares of itself, before any pixel is decoded."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from dipcli.pictures.ifd import Buffer
from dipcli.pictures.picture import Meta

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Levels: TypeAlias = "NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.float32]"


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
    """A file without its pixels, as each codec gives it.

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


def check_data(width: int, height: int, data: Buffer, pixels_per_byte: int) -> None:
    """Refuse a file that is far too short for the size it says, before memory is taken for it."""
    if width * height > pixels_per_byte * len(data):
        raise RefusedError(f"is damaged: it says {width}x{height} but has too few data for that")
