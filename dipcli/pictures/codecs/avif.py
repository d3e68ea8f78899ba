"""AVIF: 8 bits, and 10 or 12 bits that are read only."""

from dataclasses import replace

from dipcli.pictures import exif
from dipcli.pictures.boxes import brands, check_boxes
from dipcli.pictures.codec import USUAL_METADATA, Codec
from dipcli.pictures.headers import Levels, Scan
from dipcli.pictures.ifd import Buffer
from dipcli.pictures.picture import Meta

_BRANDS = {b"avif", b"avis"}
_PIXELS_PER_BYTE = 65536  # at most: three times what a picture of one colour takes


def _matches(head: bytes) -> bool:
    return not _BRANDS.isdisjoint(brands(head))


def scan(data: Buffer) -> Scan:
    """Read everything but the pixels; raises RefusedError, or what Pillow raises."""
    from PIL.AvifImagePlugin import AvifImageFile

    from dipcli.pictures.pillow import open_still, scan_of

    check_boxes(data)
    found = scan_of(open_still(data, AvifImageFile, "AVIF", _PIXELS_PER_BYTE))
    bits = _bits(data)
    if bits == 8:
        return found
    notes = (*found.meta.notes, f"{bits}-bit values become 16-bit ones")
    meta = replace(found.meta, depth=16, notes=notes)
    return replace(found, meta=meta, decode=_decode_deep, top=float(2**bits - 1))


def _bits(data: Buffer) -> int:
    """Bits per value, from the configuration of the coder near the start of the file."""
    head = bytes(data[: 1 << 16])
    at = head.find(b"av1C")
    flags = head[at + 6] if 0 <= at < len(head) - 6 else 0
    return 8 if not flags & 0x40 else 12 if flags & 0x20 else 10


def _decode_deep(data: bytes) -> Levels:
    """The values (H, W, C) uint16 of a file with 10 or 12 bits."""
    import imagecodecs

    array: Levels = imagecodecs.avif_decode(data)
    return array.reshape(*array.shape[:2], -1)


def encode(levels: Levels, meta: Meta, *, quality: int, record: str | None) -> bytes:
    """An AVIF of (H, W, C) uint8 levels, colour at full resolution (4:4:4)."""
    from dipcli.pictures.pillow import save

    block = exif.stamped(meta.exif, (levels.shape[1], levels.shape[0]), record, meta.dpi)
    return save(
        levels,
        "AVIF",
        icc_profile=meta.icc,
        exif=block or b"",
        xmp=meta.xmp or b"",
        quality=quality,
        subsampling="4:0:0" if levels.shape[2] == 1 else "4:4:4",
    )


CODEC = Codec(
    name="AVIF",
    title="AVIF",
    suffixes=(".avif",),
    matches=_matches,
    scan=scan,
    encode=encode,
    keeps=USUAL_METADATA,
    gray_alpha=False,
    max_side=65536,
)
