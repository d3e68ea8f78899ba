"""PNG: every depth, and every chunk that says something of the picture."""

import struct
import zlib
from collections.abc import Iterator, Mapping

from dipcli.pictures import exif
from dipcli.pictures.bounds import TOLD, Budget
from dipcli.pictures.codec import USUAL_METADATA, Codec, starts_with
from dipcli.pictures.headers import Levels, RefusedError, Scan
from dipcli.pictures.ifd import Buffer
from dipcli.pictures.metadata import upright, upright_xmp
from dipcli.pictures.picture import Meta
from dipcli.pictures.pngtext import RECORD, TEXTS, XMP, chunk_of, read_text, read_texts, take_exif

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CRITICAL = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_COLOUR = (b"gAMA", b"cHRM", b"sRGB", b"cICP")
_COLOUR_BYTES = 32  # at most, of a chunk on colour
_FIRST = (b"IHDR", b"tRNS", b"acTL", b"iCCP", b"eXIf", b"pHYs", *_COLOUR)
_CHANNELS = {0: 1, 2: 3, 3: 3, 4: 1, 6: 3}  # of colour, by colour type
_DEFLATE_RATIO = 1032  # the most that deflate can save
_INCH = 0.0254  # metres


def chunks(data: Buffer) -> Iterator[tuple[bytes, Buffer, Buffer]]:
    """Every chunk as (name, body, whole) to IEND; raises RefusedError if the file ends sooner."""
    position = len(SIGNATURE)
    while position + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, position)
        end = position + 12 + length
        if end > len(data):
            break
        yield name, data[position + 8 : end - 4], data[position:end]
        if name == b"IEND":
            return
        position = end
    raise RefusedError("is truncated; get the whole file")


def scan(data: Buffer) -> Scan:
    """Read everything but the pixels; raises RefusedError."""
    found, packed, budget = _found(data)
    if b"IHDR" not in found or len(found[b"IHDR"][0]) != 13:
        raise RefusedError("is damaged: it has no PNG header")
    width, height, bits, kind = struct.unpack(">IIBB", found[b"IHDR"][0][:10])
    if kind not in _CHANNELS or bits not in (1, 2, 4, 8, 16) or not width or not height:
        raise RefusedError("is damaged: its PNG header makes no sense")
    _check_still(found)
    samples = {4: 2, 6: 4}.get(kind, 1 if kind == 3 else _CHANNELS[kind])
    rows = height * ((width * bits * samples + 7) // 8 + 1)
    if rows > _DEFLATE_RATIO * packed + _DEFLATE_RATIO:
        raise RefusedError(f"is damaged: it says {width}x{height} but has too few data for that")
    meta, orientation = _meta(found, bits, kind, budget)
    return Scan(
        width=width,
        height=height,
        channels=_CHANNELS[kind],
        has_alpha=kind in (4, 6) or b"tRNS" in found,
        meta=meta,
        decode=_decode,
        orientation=orientation,
        top=65535.0 if bits == 16 else 255.0,
    )


def _found(data: Buffer) -> tuple[dict[bytes, list[Buffer]], int, Budget]:
    """The chunks that are looked at, by name; bytes of packed pixels; what may be unpacked."""
    found: dict[bytes, list[Buffer]] = {}
    packed, texts, budget = 0, 0, Budget()
    for name, body, _ in chunks(data):
        if name == b"IDAT":
            packed += len(body)
        elif name in _FIRST:
            found.setdefault(name, [body])
        elif name in TEXTS and budget.holds(texts):
            found.setdefault(name, []).append(body)
            texts += 1
    return found, packed, budget


def record(data: Buffer) -> str | None:
    """The record that `encode` put in, None if there is none or a chunk fails its checksum."""
    found, budget = None, Budget()
    for name, body, whole in chunks(data):
        if zlib.crc32(whole[4:-4]) != int.from_bytes(whole[-4:], "big"):
            return None
        if name in TEXTS and body[: len(RECORD) + 1] == RECORD.encode() + b"\0":
            found = read_text(name, body, budget)
    return found[1] if found else None


def _check_still(found: Mapping[bytes, list[Buffer]]) -> None:
    """Refuse an animation."""
    control = found.get(b"acTL")
    if control and len(control[0]) == 8 and struct.unpack(">I", control[0][:4])[0] > 1:
        raise RefusedError("is an animated PNG; take one frame out of it first")


def _meta(
    found: Mapping[bytes, list[Buffer]], bits: int, kind: int, budget: Budget
) -> tuple[Meta, int]:
    """What the chunks say beside the pixels, and the orientation."""
    icc, damaged = _profile(found, budget)
    text, broken = read_texts(found, budget)
    xmp = text.pop(XMP, None)
    block = bytes(found[b"eXIf"][0]) if b"eXIf" in found else take_exif(text)
    described = upright(block)
    notes = described.notes
    if budget.exceeded:
        notes += (TOLD,)
    if damaged:
        notes += ("its colour profile is damaged and is not kept",)
    if broken:
        notes += ("a damaged text chunk is not kept",)
    text.pop(RECORD, None)
    meta = Meta(
        depth=16 if bits == 16 else 8,
        icc=icc,
        exif=described.exif,
        xmp=upright_xmp(xmp.encode() if xmp else None),
        dpi=_density(found) or described.density,
        text=text,
        chunks=tuple((name, bytes(found[name][0])) for name in _colours(found)),
        notes=notes + _pixel_notes(found, bits, kind),
    )
    return meta, described.orientation


def _pixel_notes(found: Mapping[bytes, list[Buffer]], bits: int, kind: int) -> tuple[str, ...]:
    """What changes about the kind of the pixels."""
    if kind == 3:
        return (f"its palette becomes {'RGBA' if b'tRNS' in found else 'RGB'}",)
    notes: tuple[str, ...] = (f"{bits}-bit gray becomes 8-bit gray",) if bits < 8 else ()
    if b"tRNS" in found:
        notes += ("its transparent colour becomes an alpha channel",)
    return notes


def _colours(found: Mapping[bytes, list[Buffer]]) -> list[bytes]:
    """The chunks on colour that are there and as short as such chunks are."""
    return [name for name in _COLOUR if name in found and len(found[name][0]) <= _COLOUR_BYTES]


def _profile(found: Mapping[bytes, list[Buffer]], budget: Budget) -> tuple[bytes | None, bool]:
    """The ICC profile, None if there is none to keep, and whether it is damaged."""
    if b"iCCP" not in found:
        return None, False
    try:
        return budget.inflated(bytes(found[b"iCCP"][0]).partition(b"\0")[2][1:]), False
    except (ValueError, zlib.error):
        return None, True


def _density(found: Mapping[bytes, list[Buffer]]) -> tuple[float, float] | None:
    """Dots per inch, if the file says pixels per metre."""
    body = found.get(b"pHYs", [b""])[0]
    if len(body) != 9 or body[8] != 1:
        return None
    across, down = struct.unpack(">II", body[:8])
    return across * _INCH, down * _INCH


def _decode(data: bytes) -> Levels:
    """The stored values (H, W, C), palette and transparent colour expanded."""
    import imagecodecs

    bare = bytearray(SIGNATURE)
    for name, _, whole in chunks(memoryview(data)):
        if name in _CRITICAL:
            bare += whole
    array: Levels = imagecodecs.png_decode(bytes(bare))
    return array.reshape(*array.shape[:2], -1)


def _chunk(name: bytes, body: Buffer) -> bytes:
    """A chunk with its length and checksum."""
    crc = zlib.crc32(body, zlib.crc32(name))
    return b"".join((struct.pack(">I", len(body)), name, body, struct.pack(">I", crc)))


def encode(levels: Levels, meta: Meta, *, quality: int, record: str | None) -> bytes:
    """A PNG of (H, W, C) uint8 or uint16 levels with all that `meta` holds; record: as a text."""
    import imagecodecs
    import numpy as np

    array = np.ascontiguousarray(levels[..., 0] if levels.shape[2] == 1 else levels)
    plain = bytes(imagecodecs.png_encode(array, 6))
    extra = [_chunk(*each) for each in meta.chunks]
    if meta.icc:
        extra.append(_chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(meta.icc)))
    if meta.dpi:
        across, down = (round(value / _INCH) for value in meta.dpi)
        extra.append(_chunk(b"pHYs", struct.pack(">IIB", across, down, 1)))
    block = exif.stamped(meta.exif, (levels.shape[1], levels.shape[0]))
    if block:
        extra.append(_chunk(b"eXIf", block))
    texts = dict(meta.text)
    if meta.xmp:
        texts[XMP] = meta.xmp.decode("utf-8", "replace")
    if record is not None:
        texts[RECORD] = record
    extra += [_chunk(*chunk_of(key, value)) for key, value in texts.items()]
    after_header = len(SIGNATURE) + 25
    return plain[:after_header] + b"".join(extra) + plain[after_header:]


CODEC = Codec(
    name="PNG",
    title="PNG",
    suffixes=(".png",),
    matches=starts_with(SIGNATURE),
    scan=scan,
    encode=encode,
    record=record,
    keeps=USUAL_METADATA | {"text"},
    depths=(8, 16),
    lossless=True,
)
