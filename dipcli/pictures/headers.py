"""What the header of a file declares, before anything is decoded."""

from dataclasses import dataclass
from pathlib import Path

from dipcli.pictures.reading import read


@dataclass(frozen=True)
class Header:
    """The facts of a picture file; sizes are those of the upright picture."""

    format: str
    width: int
    height: int
    channels: int  # of colour: 1 or 3
    depth: int  # bits per value as in Meta.depth: 8, 16, or 32 for float
    has_alpha: bool
    frames: int = 1


def probe(source: Path | bytes) -> Header:
    """Read the header of a picture; raises PictureError."""
    picture = read(source)
    height, width, channels = picture.pixels.shape
    meta = picture.meta
    return Header(meta.format, width, height, channels, meta.depth, picture.alpha is not None)
