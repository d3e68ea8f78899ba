"""The 8-bit formats that Pillow reads (JPEG, AVIF, BMP, GIF) and writes (JPEG, WebP, AVIF, BMP).

Its format classes are called directly: `Image.open` would apply Pillow's own limit of size,
which is a global of the process; ours is checked before anything is decoded.
"""

import io
import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import imagecodecs
import numpy as np
from PIL import Image, ImageFile
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile

from dipcli.pictures.coding import JpegCoding, of_file
from dipcli.pictures.headers import Levels, RefusedError, Scan
from dipcli.pictures.ifd import Buffer
from dipcli.pictures.metadata import settled, settled_xmp
from dipcli.pictures.picture import Meta

_READERS: dict[str, type[ImageFile.ImageFile]] = {
    "JPEG": JpegImageFile,
    "AVIF": AvifImageFile,
    "BMP": BmpImageFile,
    "GIF": GifImageFile,
}
COMMENT = "Comment"  # PNG's key for what JPEG and GIF have a segment for
EXIF_PREFIX = b"Exif\0\0"
SEGMENT = 65533  # the most bytes in a segment of a JPEG
MOST_EXIF, MOST_XMP = SEGMENT - len(EXIF_PREFIX), SEGMENT - 29
_IPTC = 0x0404  # among Photoshop's resources
# The most pixels that a byte can stand for: a bit per block of 8x8 in JPEG, run lengths in BMP,
# strings of 4096 in 12 bits in GIF; in AVIF three times what a picture of one colour takes.
_PIXELS_PER_BYTE = {"JPEG": 512, "BMP": 256, "GIF": 4096, "AVIF": 65536}
_quiet = threading.Lock()


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Pillow warns of damaged metadata; we note it. The filters are global, hence the lock."""
    with _quiet, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _open(data: Buffer, format: str) -> ImageFile.ImageFile:
    """Pillow's view of the file; nothing is decoded."""
    with _without_warnings():
        return _READERS[format](io.BytesIO(data))


def scan(data: Buffer, format: str) -> Scan:
    """Read everything but the pixels; raises RefusedError, or what Pillow raises."""
    if format == "AVIF":
        check_boxes(data)
    image = _open(data, format)
    _check_kind(image, format)
    width, height = image.size
    if width * height > _PIXELS_PER_BYTE[format] * len(data):
        raise RefusedError(f"is damaged: it says {width}x{height} but has too few data for that")
    bits = _avif_bits(data) if format == "AVIF" else 8
    gray, has_alpha = image.mode in ("1", "L", "LA"), image.has_transparency_data
    meta, orientation = _meta(image, format, bits)
    mode = ("L" if gray else "RGB") + ("A" if has_alpha else "")
    return Scan(
        width=width,
        height=height,
        channels=1 if gray else 3,
        has_alpha=has_alpha,
        meta=meta,
        decode=_decode_deep if bits > 8 else lambda source: _decode(source, format, mode),
        orientation=orientation,
        top=float(2**bits - 1),
    )


def check_boxes(data: Buffer) -> None:
    """Refuse an AVIF or HEIC if one of its outermost boxes reaches over the end of the file."""
    at = 0
    while at + 16 <= len(data):
        size, _, large = struct.unpack_from(">I4sQ", data, at)
        at += {0: len(data) - at, 1: large}.get(size, max(size, 8))
    if at > len(data):
        raise RefusedError("is truncated; get the whole file")


def _check_kind(image: ImageFile.ImageFile, format: str) -> None:
    """Refuse what cannot be restored as one RGB or gray picture."""
    if getattr(image, "is_animated", False):
        raise RefusedError(f"is an animated {format}; take one frame out of it first")
    if image.mode == "CMYK":
        raise RefusedError("is a CMYK picture; convert it to RGB first")


def _meta(image: ImageFile.ImageFile, format: str, bits: int) -> tuple[Meta, int]:
    """What the file says beside the pixels, and the orientation."""
    info = image.info
    exif = settled(info.get("exif"))
    notes = exif.notes
    if bits > 8:
        notes += (f"{bits}-bit values become 16-bit ones",)
    if image.mode == "P":
        notes += (f"its palette becomes {'RGBA' if image.has_transparency_data else 'RGB'}",)
    if image.mode == "1":
        notes += ("1-bit gray becomes 8-bit gray",)
    if "mp" in info:
        notes += ("further pictures in the file (previews, depth maps) are not kept",)
    meta = Meta(
        format=format,
        depth=16 if bits > 8 else 8,
        icc=info.get("icc_profile") or None,
        exif=exif.exif,
        xmp=settled_xmp(info.get("xmp")),
        iptc=info.get("photoshop", {}).get(_IPTC),
        dpi=info.get("dpi") if format == "BMP" or info.get("jfif_unit") in (1, 2) else exif.density,
        text={COMMENT: info["comment"].decode("utf-8", "replace")} if "comment" in info else {},
        notes=notes,
        jpeg=_coding(image, exif.orientation),
    )
    return meta, exif.orientation


def _coding(image: ImageFile.ImageFile, orientation: int) -> JpegCoding | None:
    """The coding of a JPEG, of the upright picture; None for other formats and other colours."""
    if not isinstance(image, JpegImageFile) or image.info.get("adobe_transform") == 0:
        return None
    coding = of_file(image.quantization, image.layer)
    return coding.turned(orientation, image.size[::-1]) if coding else None


def _avif_bits(data: Buffer) -> int:
    """Bits per value, from the configuration of the codec near the start of the file."""
    head = bytes(data[: 1 << 16])
    at = head.find(b"av1C")
    flags = head[at + 6] if 0 <= at < len(head) - 6 else 0
    return 8 if not flags & 0x40 else 12 if flags & 0x20 else 10


def _decode(data: bytes, format: str, mode: str) -> Levels:
    """The values (H, W, C) uint8, palette resolved."""
    with _open(data, format) as image:
        array = np.asarray(image if image.mode == mode else image.convert(mode))
    return array.reshape(*array.shape[:2], -1)


def _decode_deep(data: bytes) -> Levels:
    """The values (H, W, C) uint16 of an AVIF with 10 or 12 bits."""
    array: Levels = imagecodecs.avif_decode(data)
    return array.reshape(*array.shape[:2], -1)


def encode(levels: Levels, format: str, meta: Meta, exif: bytes | None, *, quality: int) -> bytes:
    """A JPEG, WebP, AVIF or BMP of (H, W, C) uint8 levels with what it can hold of `meta`.

    JPEG and AVIF keep colour at full resolution (4:4:4). WebP is lossless for a picture that
    came from a lossless one, and at quality 100.
    """
    image = Image.fromarray(levels[..., 0] if levels.shape[2] == 1 else levels)
    options: dict[str, Any] = {"dpi": meta.dpi} if meta.dpi else {}
    if format != "BMP":
        options |= {"icc_profile": meta.icc, "exif": exif or b"", "xmp": meta.xmp or b""}
    if format == "JPEG":
        options |= _jpeg_options(meta, exif) | {"quality": quality, "subsampling": 0}
    elif format == "WEBP":
        lossless = meta.lossless or quality == 100
        level = 75 if lossless else quality  # for lossless: the effort
        options |= {"lossless": lossless, "quality": level, "exact": True}
        options |= {"icc_profile": meta.icc or b"", "use_sharp_yuv": True}
    elif format == "AVIF":
        chroma = "4:0:0" if image.mode == "L" else "4:4:4"
        options |= {"quality": quality, "subsampling": chroma}
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def _jpeg_options(meta: Meta, exif: bytes | None) -> dict[str, Any]:
    """The segments of a JPEG, those left out that are over its limit of 64 KB (`lost` says so)."""
    comment = meta.text.get(COMMENT, "").encode()
    options: dict[str, Any] = {
        "exif": EXIF_PREFIX + exif if exif and len(exif) <= MOST_EXIF else b"",
        "xmp": meta.xmp if meta.xmp and len(meta.xmp) <= MOST_XMP else b"",
        "comment": comment if len(comment) <= SEGMENT else b"",
    }
    if meta.iptc and len(meta.iptc) <= SEGMENT - 32:
        resource = b"8BIM" + struct.pack(">HHI", _IPTC, 0, len(meta.iptc)) + meta.iptc
        body = b"Photoshop 3.0\0" + resource + b"\0" * (len(meta.iptc) % 2)
        options["extra"] = b"\xff\xed" + struct.pack(">H", len(body) + 2) + body
    return options
