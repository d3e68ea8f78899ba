"""EXIF blocks: turned upright, stamped with how a result was made, otherwise as they were.

A block starts with its TIFF header ("II*\\0" or "MM\\0*"), without the "Exif\\0\\0" of JPEG.
"""

import json
import struct
from fractions import Fraction

from dipcli.pictures.ifd import (
    ASCII,
    EXIF,
    LONG,
    RATIONAL,
    SHORT,
    UNDEFINED,
    Directory,
    Entry,
    IfdError,
    Layout,
    new_block,
    read_directory,
    read_head,
    read_tree,
    replace_first,
)

ORIENTATION, SOFTWARE, X_DENSITY, Y_DENSITY, UNIT = 0x0112, 0x0131, 0x011A, 0x011B, 0x0128
_PER_INCH = {2: 1.0, 3: 2.54}  # by unit: inch, centimetre
_THUMBNAIL_START, _THUMBNAIL_LENGTH = 0x0201, 0x0202
_USER_COMMENT, _IMAGE_HISTORY, _MAKER_NOTE = 0x9286, 0x9213, 0x927C
_PIXEL_WIDTH, _PIXEL_HEIGHT = 0xA002, 0xA003
_ASCII_CODE, _UNICODE_CODE = b"ASCII\0\0\0", b"UNICODE\0"
_MAKER = "dip"  # how our Software tag begins

# What the first directory says of the picture rather than of how its pixels are stored:
# names, description, make, model, software, dates, author, copyright, rating, XP texts.
DESCRIPTIVE = {0x000B, 0x010D, 0x010E, 0x010F, 0x0110, 0x011D, 0x0131, 0x0132, 0x013B, 0x013C}
DESCRIPTIVE |= {0x4746, 0x4749, 0x8298, *range(0x9C9B, 0x9CA0)}


def orientation(first: Directory) -> int:
    """The orientation 1..8 that a first directory asks for; 1 where it says nothing."""
    value = first.number(ORIENTATION, 1)
    return value if 1 <= value <= 8 else 1


def density(first: Directory) -> tuple[float, float] | None:
    """Dots per inch, if a first directory says them in a known unit."""
    factor = _PER_INCH.get(first.number(UNIT, 2))
    across, down = first.numbers(X_DENSITY), first.numbers(Y_DENSITY)
    if factor is None or not across or not down or min(across[0], down[0]) <= 0:
        return None
    return across[0] * factor, down[0] * factor


def upright(block: bytes) -> bytes:
    """The block without orientation (which then is 1) and without the old picture's thumbnail.

    Raises IfdError if it is damaged.
    """
    layout, offset = read_head(block)
    if layout.big:
        raise IfdError("EXIF is never BigTIFF")
    first, following = read_tree(block, layout, offset)
    if following:
        block = _without_thumbnail(block, layout, following)
    first.entries.pop(ORIENTATION, None)
    return _rebuilt(block, first)


def _without_thumbnail(block: bytes, layout: Layout, offset: int) -> bytes:
    """The block with the bytes of the thumbnail under the second directory set to zero."""
    second, _ = read_directory(block, layout, offset, {_THUMBNAIL_START, _THUMBNAIL_LENGTH})
    start = second.number(_THUMBNAIL_START, 0)
    length = second.number(_THUMBNAIL_LENGTH, 0)
    if not start or start + length > len(block):
        return block
    if start + length == len(block):
        return block[:start]
    return block[:start] + bytes(length) + block[start + length :]


def _rebuilt(block: bytes, first: Directory) -> bytes:
    """The block with a new first directory: compact, unless maker notes must keep their place."""
    camera = first.subs.get(EXIF)
    if camera is not None and _MAKER_NOTE in camera.entries:
        return replace_first(block, first)
    return new_block(first.detached())


def descriptive(first: Directory) -> Directory:
    """What a first directory says of the picture, free of the block it was in."""
    entries = {tag: e for tag, e in first.entries.items() if tag in DESCRIPTIVE}
    return Directory(first.layout, entries, first.subs).detached()


def stamped(
    block: bytes | None,
    size: tuple[int, int],
    provenance: str | None = None,
    dpi: tuple[float, float] | None = None,
) -> bytes | None:
    """The block with the size of the result, its record and density; an older record goes.

    The record goes to UserComment, or to ImageHistory where the picture has a comment already.
    None if there was no block and there is nothing to say.
    """
    if block is None:
        if provenance is None and dpi is None:
            return None
        block = new_block(Directory(Layout("<"), {}))
    layout, offset = read_head(block)
    first, _ = read_tree(block, layout, offset)
    camera = first.subs.get(EXIF, Directory(layout, {}))
    for tag, length in ((_PIXEL_WIDTH, size[0]), (_PIXEL_HEIGHT, size[1])):
        if tag in camera.entries:
            camera.entries[tag] = Entry(LONG, 1, struct.pack(layout.order + "I", length))
    _set_record(first, camera, provenance)
    if dpi is not None:
        for tag, value in zip((X_DENSITY, Y_DENSITY), dpi, strict=True):
            first.entries[tag] = _rational(value, layout)
        first.entries[UNIT] = Entry(SHORT, 1, struct.pack(layout.order + "H", 2))
    if camera.entries or camera.subs:
        first.subs[EXIF] = camera
    return _rebuilt(block, first)


def _set_record(first: Directory, camera: Directory, provenance: str | None) -> None:
    """Put a record in the place of an older one of ours, or where there is place."""
    old = _record_tag(first)
    if old is not None:
        del camera.entries[old]
        del first.entries[SOFTWARE]
    if provenance is not None:
        tag = _IMAGE_HISTORY if _USER_COMMENT in camera.entries else _USER_COMMENT
        camera.entries[tag] = _comment(provenance, first.layout, tag)
        first.entries[SOFTWARE] = _software(provenance)


def _rational(value: float, layout: Layout) -> Entry:
    """A positive number as an unsigned quotient."""
    quotient = Fraction(value).limit_denominator(10000)
    packed = struct.pack(layout.order + "II", quotient.numerator, quotient.denominator)
    return Entry(RATIONAL, 1, packed)


def _comment(record: str, layout: Layout, tag: int) -> Entry:
    """A record as UserComment (with its character code) or as ImageHistory (UTF-8)."""
    if tag == _IMAGE_HISTORY:
        value = record.encode() + b"\0"
        return Entry(ASCII, len(value), value)
    if record.isascii():
        value = _ASCII_CODE + record.encode()
    else:
        value = _UNICODE_CODE + record.encode("utf-16-le" if layout.order == "<" else "utf-16-be")
    return Entry(UNDEFINED, len(value), value)


def _software(record: str) -> Entry:
    """Our name, with the version if the record tells it."""
    try:
        facts = json.loads(record)
    except ValueError:
        facts = None
    version = facts.get("version", "") if isinstance(facts, dict) else ""
    value = f"{_MAKER} {version}".strip().encode() + b"\0"
    return Entry(ASCII, len(value), value)


def _record_tag(first: Directory) -> int | None:
    """The tag under which a record of ours lies."""
    software = first.ascii(SOFTWARE)
    camera = first.subs.get(EXIF)
    if camera is None or software.split(" ")[0] != _MAKER:
        return None
    return next((t for t in (_IMAGE_HISTORY, _USER_COMMENT) if t in camera.entries), None)


def record(block: bytes) -> str | None:
    """The record that `stamped` put into a block, None if there is none; raises IfdError."""
    layout, offset = read_head(block)
    first, _ = read_tree(block, layout, offset)
    tag = _record_tag(first)
    if tag is None:
        return None
    value = first.subs[EXIF].entries[tag].value
    if value.startswith(_UNICODE_CODE):
        return value[8:].decode("utf-16-le" if layout.order == "<" else "utf-16-be", "replace")
    return value.removeprefix(_ASCII_CODE).rstrip(b"\0").decode("utf-8", "replace")
