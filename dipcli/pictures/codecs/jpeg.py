"""JPEG: 8 bits, with the segments that say something of the picture and how it was coded."""

import struct
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dipcli.pictures import exif
from dipcli.pictures.codec import USUAL_METADATA, Codec, starts_with
from dipcli.pictures.coding import JpegCoding, of_file
from dipcli.pictures.headers import Levels, Scan
from dipcli.pictures.ifd import Buffer
from dipcli.pictures.metadata import COMMENT
from dipcli.pictures.picture import Meta

if TYPE_CHECKING:
    from PIL.JpegImagePlugin import JpegImageFile

_END = b"\xff\xd9"
_EXIF_PREFIX = b"Exif\0\0"
_SEGMENT = 65533  # the most bytes in a segment
_MOST_EXIF, _MOST_XMP = _SEGMENT - len(_EXIF_PREFIX), _SEGMENT - 29
_IPTC = 0x0404  # among Photoshop's resources
_PIXELS_PER_BYTE = 512  # at most: a bit per block of 8x8


def scan(data: Buffer) -> Scan:
    """Read everything but the pixels; raises RefusedError, or what Pillow raises."""
    from PIL.JpegImagePlugin import JpegImageFile

    from dipcli.pictures.pillow import open_still, scan_of

    image = open_still(data, JpegImageFile, "JPEG", _PIXELS_PER_BYTE)
    assert isinstance(image, JpegImageFile)
    found, info = scan_of(image), image.info
    notes = found.meta.notes
    if "mp" in info:
        notes += ("further pictures in the file (previews, depth maps) are not kept",)
    meta = replace(
        found.meta,
        iptc=info.get("photoshop", {}).get(_IPTC),
        dpi=info.get("dpi") if info.get("jfif_unit") in (1, 2) else found.meta.dpi,
        jpeg=_coding(image, found.orientation),
        notes=notes,
    )
    return replace(found, meta=meta)


def _coding(image: "JpegImageFile", orientation: int) -> JpegCoding | None:
    """How the upright picture was coded; None where that is not of luma and chroma."""
    if image.info.get("adobe_transform") == 0:
        return None
    coding = of_file(image.quantization, image.layer)
    return coding.turned(orientation, image.size[::-1]) if coding else None


def record(data: bytes) -> str | None:
    """The record in the EXIF block, None if there is none or the file is cut off."""
    if not data.endswith(_END):
        return None
    block = scan(data).meta.exif
    return exif.record(block) if block else None


def encode(levels: Levels, meta: Meta, *, quality: int, record: str | None) -> bytes:
    """A JPEG of (H, W, 1 or 3) uint8 levels, colour at full resolution (4:4:4)."""
    from dipcli.pictures.pillow import save

    size = levels.shape[1], levels.shape[0]
    block = exif.stamped(meta.exif, size, record)
    if block is not None and len(block) > _MOST_EXIF:
        block = exif.stamped(meta.exif, size)  # at the least without the record
    options: dict[str, Any] = {"dpi": meta.dpi} if meta.dpi else {}
    options |= {"icc_profile": meta.icc, "quality": quality, "subsampling": 0}
    return save(levels, "JPEG", **options, **_segments(meta, block))


def _segments(meta: Meta, block: bytes | None) -> dict[str, Any]:
    """The segments, those left out that are over the limit of 64 KB (`_excess` says so)."""
    comment = meta.text.get(COMMENT, "").encode()
    options: dict[str, Any] = {
        "exif": _EXIF_PREFIX + block if block and len(block) <= _MOST_EXIF else b"",
        "xmp": meta.xmp if meta.xmp and len(meta.xmp) <= _MOST_XMP else b"",
        "comment": comment if len(comment) <= _SEGMENT else b"",
    }
    if meta.iptc and len(meta.iptc) <= _SEGMENT - 32:
        resource = b"8BIM" + struct.pack(">HHI", _IPTC, 0, len(meta.iptc)) + meta.iptc
        body = b"Photoshop 3.0\0" + resource + b"\0" * (len(meta.iptc) % 2)
        options["extra"] = b"\xff\xed" + struct.pack(">H", len(body) + 2) + body
    return options


def _excess(meta: Meta) -> tuple[str, ...]:
    """Segments that are over the limit."""
    parts = (("EXIF", meta.exif, _MOST_EXIF), ("XMP", meta.xmp, _MOST_XMP))
    return tuple(
        f"{noun} of more than 64 KB" for noun, value, most in parts if value and len(value) > most
    )


CODEC = Codec(
    name="JPEG",
    title="JPEG",
    suffixes=(".jpg", ".jpeg", ".jpe", ".jfif"),
    matches=starts_with(b"\xff\xd8\xff"),
    scan=scan,
    encode=encode,
    record=record,
    excess=_excess,
    keeps=USUAL_METADATA | {"IPTC"},
    text_keys=frozenset({COMMENT}),
    alpha=False,
    max_side=65500,
)
