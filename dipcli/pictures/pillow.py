"""What the codecs share that read and write by Pillow (JPEG, AVIF, BMP, GIF; WebP is written).

Pillow's format classes are called directly: `Image.open` would apply Pillow's own limit of size,
which is a global of the process; ours is checked before anything is decoded.
"""

import io
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from PIL import Image, ImageFile

from dipcli.pictures.headers import Levels, RefusedError, Scan, check_data
from dipcli.pictures.ifd import Buffer
from dipcli.pictures.metadata import COMMENT, upright, upright_xmp
from dipcli.pictures.picture import Meta

_quiet = threading.Lock()


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Pillow warns of damaged metadata; we note it. The filters are global, hence the lock."""
    with _quiet, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _open(data: Buffer, reader: type[ImageFile.ImageFile]) -> ImageFile.ImageFile:
    """Pillow's view of the file; nothing is decoded."""
    with _without_warnings():
        return reader(io.BytesIO(data))


def open_still(
    data: Buffer, reader: type[ImageFile.ImageFile], title: str, pixels_per_byte: int
) -> ImageFile.ImageFile:
    """Pillow's view of a file that can be restored as one RGB or gray picture.

    reader: Pillow's class for the format; title: what the format is called; pixels_per_byte: the
    most that a byte of it can stand for. Raises RefusedError, or what Pillow raises.
    """
    image = _open(data, reader)
    if getattr(image, "is_animated", False):
        raise RefusedError(f"is an animated {title}; take one frame out of it first")
    if image.mode == "CMYK":
        raise RefusedError("is a CMYK picture; convert it to RGB first")
    check_data(*image.size, data, pixels_per_byte)
    return image


def scan_of(image: ImageFile.ImageFile) -> Scan:
    """Everything but the pixels of an 8-bit file, as far as Pillow says it alike for all formats.

    image: what `open_still` gave.
    """
    reader, info = type(image), image.info
    gray, has_alpha = image.mode in ("1", "L", "LA"), image.has_transparency_data
    mode = ("L" if gray else "RGB") + ("A" if has_alpha else "")
    exif = upright(info.get("exif"))
    notes = exif.notes
    if image.mode == "P":
        notes += (f"its palette becomes {'RGBA' if has_alpha else 'RGB'}",)
    if image.mode == "1":
        notes += ("1-bit gray becomes 8-bit gray",)
    meta = Meta(
        icc=info.get("icc_profile") or None,
        exif=exif.exif,
        xmp=upright_xmp(info.get("xmp")),
        dpi=exif.density,
        text={COMMENT: info["comment"].decode("utf-8", "replace")} if "comment" in info else {},
        notes=notes,
    )
    return Scan(
        width=image.width,
        height=image.height,
        channels=1 if gray else 3,
        has_alpha=has_alpha,
        meta=meta,
        decode=lambda source: _decode(source, reader, mode),
        orientation=exif.orientation,
    )


def _decode(data: bytes, reader: type[ImageFile.ImageFile], mode: str) -> Levels:
    """The values (H, W, C) uint8, palette resolved."""
    with _open(data, reader) as image:
        array = np.asarray(image if image.mode == mode else image.convert(mode))
    return array.reshape(*array.shape[:2], -1)


def save(levels: Levels, format: str, **options: Any) -> bytes:
    """The file of (H, W, C) uint8 levels that Pillow writes with these options."""
    image = Image.fromarray(levels[..., 0] if levels.shape[2] == 1 else levels)
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()
