"""WebP: its chunks, still pictures only."""

import struct
from collections.abc import Iterator

from dipcli.pictures import exif
from dipcli.pictures.codec import USUAL_METADATA, Codec
from dipcli.pictures.headers import Levels, RefusedError, Scan
from dipcli.pictures.ifd import Buffer
from dipcli.pictures.metadata import upright, upright_xmp
from dipcli.pictures.picture import Meta

_ANIMATED = 0x02  # a flag of VP8X


def _matches(head: bytes) -> bool:
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP"


def _chunks(data: Buffer) -> Iterator[tuple[bytes, Buffer]]:
    """Every chunk as (name, body); raises RefusedError if the file ends too soon."""
    end = 8 + struct.unpack_from("<I", data, 4)[0]
    if end > len(data):
        raise RefusedError("is truncated; get the whole file")
    position = 12
    while position + 8 <= end:
        name, length = struct.unpack_from("<4sI", data, position)
        if position + 8 + length > end:
            raise RefusedError("is damaged: one of its chunks is longer than the file")
        yield name, data[position + 8 : position + 8 + length]
        position += 8 + length + length % 2


def scan(data: Buffer) -> Scan:
    """Read everything but the pixels; raises RefusedError or struct.error."""
    found: dict[bytes, Buffer] = {}
    for name, body in _chunks(data):
        found.setdefault(name, body)
    flags = found[b"VP8X"][0] if found.get(b"VP8X") else 0
    if flags & _ANIMATED or b"ANMF" in found:
        raise RefusedError("is an animated WebP; take one frame out of it first")
    lossless = b"VP8L" in found
    width, height, alpha = _size(found)
    described = upright(bytes(found.get(b"EXIF", b"")))
    meta = Meta(
        lossless=lossless,
        icc=bytes(found[b"ICCP"]) if b"ICCP" in found else None,
        exif=described.exif,
        xmp=upright_xmp(bytes(found.get(b"XMP ", b""))),
        dpi=described.density,
        notes=described.notes,
    )
    has_alpha = alpha or b"ALPH" in found
    return Scan(width, height, 3, has_alpha, meta, _decode, described.orientation)


def _size(found: dict[bytes, Buffer]) -> tuple[int, int, bool]:
    """Width, height and whether a lossless stream declares alpha; from the stream itself."""
    if b"VP8L" in found:
        signature, bits = struct.unpack_from("<BI", found[b"VP8L"])
        if signature == 0x2F:
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, bool(bits >> 28 & 1)
    elif b"VP8 " in found:
        start, width, height = struct.unpack_from("<3x3sHH", found[b"VP8 "])
        if start == b"\x9d\x01\x2a":
            return width & 0x3FFF, height & 0x3FFF, False
    raise RefusedError("is damaged: it holds no WebP picture")


def _decode(data: bytes) -> Levels:
    """The values (H, W, 3 or 4) uint8."""
    import imagecodecs

    array: Levels = imagecodecs.webp_decode(data)
    return array


def encode(levels: Levels, meta: Meta, *, quality: int, record: str | None) -> bytes:
    """A WebP of (H, W, C) uint8 levels.

    It is lossless for a picture that came from a lossless one, and at quality 100.
    """
    from dipcli.pictures.pillow import save

    block = exif.stamped(meta.exif, (levels.shape[1], levels.shape[0]), record, meta.dpi)
    lossless = meta.lossless or quality == 100
    return save(
        levels,
        "WEBP",
        icc_profile=meta.icc or b"",
        exif=block or b"",
        xmp=meta.xmp or b"",
        lossless=lossless,
        quality=75 if lossless else quality,  # for lossless: the effort
        exact=True,
        use_sharp_yuv=True,
    )


CODEC = Codec(
    name="WEBP",
    title="WebP",
    suffixes=(".webp",),
    matches=_matches,
    scan=scan,
    encode=encode,
    keeps=USUAL_METADATA,
    gray=False,
    gray_alpha=False,
    max_side=16383,
)
