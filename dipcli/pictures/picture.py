"""A picture in memory: its numbers, and everything else that its file holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dipcli.pictures.coding import JpegCoding

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

USUAL = "PNG"  # what is written where nothing else is asked for or known


@dataclass(frozen=True)
class Meta:
    """What a file holds beside its colours, carried from the input to the result."""

    format: str = USUAL  # its name in the table of formats
    depth: int = 8  # bits per value: 8, 16, or 32 for float
    lossless: bool = False  # a lossless WebP stays one
    premultiplied: bool = False  # colours are multiplied by alpha (TIFF "associated" alpha)
    icc: bytes | None = None  # the profile stays; the numbers are not converted
    exif: bytes | None = None  # from the TIFF header on; upright: the orientation is reset
    xmp: bytes | None = None
    iptc: bytes | None = None  # captions and keywords of the press, in JPEG and TIFF
    dpi: tuple[float, float] | None = None  # dots per inch, horizontal and vertical
    text: dict[str, str] = field(default_factory=dict)  # keys and values; a comment, too
    chunks: tuple[tuple[bytes, bytes], ...] = ()  # on colour: gAMA, cHRM, sRGB, cICP of PNG
    notes: tuple[str, ...] = ()  # what reading changed, to be told to the user
    # How the pixels were coded, of the upright picture; what was read is equal whatever coded it
    jpeg: JpegCoding | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Picture:
    """Colours, alpha and the rest of one picture, upright.

    pixels: (H, W, C) float32 in [0, 1]; C is 1 for gray, 3 for colour.
    alpha: (H, W) float32 in [0, 1], or None.
    """

    pixels: NDArray[np.float32]
    alpha: NDArray[np.float32] | None = None
    meta: Meta = field(default_factory=Meta)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]
