"""EXIF and XMP as they come out of any format: damaged ones dropped, the others upright."""

import re
from dataclasses import dataclass

from dipcli.pictures import exif
from dipcli.pictures.ifd import IfdError, read_directory, read_head

COMMENT = "Comment"  # PNG's key of a text for what JPEG and GIF have a segment for
_XMP_ORIENTATION = re.compile(rb"(tiff:Orientation(?:\s*=\s*[\"']|\s*>\s*))[2-8]")


@dataclass(frozen=True)
class UprightExif:
    """An upright EXIF block and what it asked for. density: dots per inch."""

    exif: bytes | None = None
    orientation: int = 1
    density: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()


def upright(block: bytes | None) -> UprightExif:
    """Take the orientation out of an EXIF block, with or without the prefix of JPEG."""
    if not block:
        return UprightExif()
    block = block.removeprefix(b"Exif\0\0")
    try:
        first, _ = read_directory(block, *read_head(block))
        return UprightExif(exif.upright(block), exif.orientation(first), exif.density(first))
    except IfdError:
        return UprightExif(notes=("its EXIF data is damaged and is not kept",))


def upright_xmp(packet: bytes | None) -> bytes | None:
    """An XMP packet with its orientation reset."""
    return _XMP_ORIENTATION.sub(rb"\g<1>1", packet) if packet else None
