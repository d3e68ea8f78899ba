"""TIFF directories as bytes: what a TIFF file and an EXIF block have in common.

A directory is read into raw entries and written back from them. An entry that still knows
where its value lies (`at`) is written as a pointer to it: so a block can be changed by adding
a new directory at its end, and what nobody here understands (maker notes, with their offsets
from the start of the block) stays where it was.
"""

import struct
from collections.abc import Container
from dataclasses import dataclass, field, replace

Buffer = bytes | memoryview

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_SIZES |= {16: 8, 17: 8, 18: 8}
_CODES = {1: "B", 3: "H", 4: "I", 5: "II", 6: "b", 8: "h", 9: "i", 10: "ii", 11: "f", 12: "d"}
_CODES |= {13: "I", 16: "Q", 17: "q", 18: "Q"}
ASCII, SHORT, LONG, RATIONAL, UNDEFINED, IFD8 = 2, 3, 4, 5, 7, 18

EXIF, GPS, INTEROP = 0x8769, 0x8825, 0xA005
_SUBS = {0: (EXIF, GPS), EXIF: (INTEROP,), GPS: (), INTEROP: ()}  # pointers per directory
_MOST_ENTRIES = 2000


class IfdError(ValueError):
    """The bytes do not hold the directory that they promise."""


@dataclass(frozen=True)
class Layout:
    """Byte order ("<" or ">") and whether offsets have 64 bits (BigTIFF)."""

    order: str
    big: bool = False

    @property
    def word(self) -> str:
        """The struct format of an offset."""
        return self.order + ("Q" if self.big else "I")

    @property
    def inline(self) -> int:
        """How many bytes of value fit into an entry."""
        return 8 if self.big else 4


@dataclass(frozen=True)
class Entry:
    """One tag with its raw value in the byte order of its block."""

    type: int
    count: int
    value: bytes
    at: int | None = None  # where the value lies in the block, if not in the entry itself


@dataclass(frozen=True)
class Directory:
    """Entries by tag, and the directories that EXIF hangs below them."""

    layout: Layout
    entries: dict[int, Entry]
    subs: dict[int, "Directory"] = field(default_factory=dict)

    def numbers(self, tag: int) -> tuple[float, ...]:
        """The numbers under a tag, rationals as quotients; empty if absent or not numbers."""
        entry = self.entries.get(tag)
        code = _CODES.get(entry.type, "") if entry else ""
        if entry is None or not code:
            return ()
        flat = struct.unpack(f"{self.layout.order}{len(code) * entry.count}{code[0]}", entry.value)
        if len(code) == 1:
            return flat
        return tuple(a / b if b else 0.0 for a, b in zip(flat[::2], flat[1::2], strict=True))

    def number(self, tag: int, default: int) -> int:
        """The first number under a tag as an integer."""
        found = self.numbers(tag)
        return int(found[0]) if found else default

    def ascii(self, tag: int) -> str:
        """The text under a tag, empty if absent."""
        entry = self.entries.get(tag)
        return entry.value.split(b"\0")[0].decode("utf-8", "replace") if entry else ""

    def detached(self, *, big: bool = False) -> "Directory":
        """The same with every value free of its place, to be written into another block."""
        return Directory(
            Layout(self.layout.order, big),
            {tag: replace(entry, at=None) for tag, entry in self.entries.items()},
            {tag: sub.detached(big=big) for tag, sub in self.subs.items()},
        )


def read_head(data: Buffer) -> tuple[Layout, int]:
    """The layout of a block and the offset of its first directory; raises IfdError."""
    order = {b"II": "<", b"MM": ">"}.get(bytes(data[:2]))
    if order is None or len(data) < 8:
        raise IfdError("no TIFF header")
    magic = struct.unpack(order + "H", data[2:4])[0]
    if magic not in (42, 43) or (magic == 43 and len(data) < 16):
        raise IfdError("no TIFF header")
    layout = Layout(order, big=magic == 43)
    start = 8 if layout.big else 4
    return layout, struct.unpack(layout.word, data[start : start + layout.inline])[0]


def read_directory(
    data: Buffer, layout: Layout, offset: int, wanted: Container[int] | None = None
) -> tuple[Directory, int]:
    """The directory at `offset`, with the wanted tags only, and the offset of the next one.

    Raises IfdError where it, or a wanted value, reaches over the end of the block.
    """
    number, size = ("Q", 20) if layout.big else ("H", 12)
    try:
        count = struct.unpack_from(layout.order + number, data, offset)[0]
        if count > _MOST_ENTRIES:
            raise IfdError("too many entries")
        start = offset + struct.calcsize(number)
        following = struct.unpack_from(layout.word, data, start + size * count)[0]
    except struct.error as error:
        raise IfdError("a directory over the end") from error
    entries: dict[int, Entry] = {}
    budget = 2 * len(data) + 65536  # entries that share a large value do not multiply it
    for position in range(start, start + size * count, size):
        tag, entry = _read_entry(data, layout, position, wanted)
        if entry is None or tag in entries:
            continue
        budget -= len(entry.value)
        if budget < 0:
            raise IfdError("more values than bytes")
        entries[tag] = entry
    return Directory(layout, entries), following


def _read_entry(
    data: Buffer, layout: Layout, position: int, wanted: Container[int] | None
) -> tuple[int, Entry | None]:
    """The tag at `position` and its entry, None if it is not wanted or of an unknown type."""
    tag, kind, count = struct.unpack_from(
        layout.order + ("HHQ" if layout.big else "HHI"), data, position
    )
    if kind not in _SIZES or (wanted is not None and tag not in wanted):
        return tag, None
    at = position + (12 if layout.big else 8)
    length = _SIZES[kind] * count
    if length <= layout.inline:
        return tag, Entry(kind, count, bytes(data[at : at + length]))
    at = struct.unpack_from(layout.word, data, at)[0]
    if at + length > len(data):
        raise IfdError("a value over the end")
    return tag, Entry(kind, count, bytes(data[at : at + length]), at)


def read_tree(
    data: Buffer,
    layout: Layout,
    offset: int,
    kind: int = 0,
    wanted: Container[int] | None = None,
) -> tuple[Directory, int]:
    """A directory with its EXIF, GPS and interoperability directories, and the next offset."""
    directory, following = read_directory(data, layout, offset, wanted)
    for tag in _SUBS[kind]:
        pointer = directory.number(tag, 0)
        directory.entries.pop(tag, None)
        if pointer:
            directory.subs[tag] = read_tree(data, layout, pointer, tag)[0]
    return directory, following


def write_tree(directory: Directory, start: int) -> bytes:
    """The bytes of a directory that will lie at `start`, with all that hangs below it.

    Values that know their place in the block are pointed to, the others follow the directory.
    """
    layout = directory.layout
    number, size = ("Q", 20) if layout.big else ("H", 12)
    tags = sorted({*directory.entries, *directory.subs})
    end = start + struct.calcsize(number) + size * len(tags) + layout.inline
    head = [struct.pack(layout.order + number, len(tags))]
    tail = bytearray()
    for tag in tags:
        tail += b"\0" * (len(tail) % 2)  # values begin at even offsets
        at = end + len(tail)
        if tag in directory.subs:
            tail += write_tree(directory.subs[tag], at)
            entry = Entry(IFD8 if layout.big else LONG, 1, struct.pack(layout.word, at))
        else:
            entry = directory.entries[tag]
        value = entry.value.ljust(layout.inline, b"\0")
        if len(entry.value) > layout.inline:
            if entry.at is None:
                tail += entry.value
            value = struct.pack(layout.word, at if entry.at is None else entry.at)
        kinds = layout.order + ("HHQ" if layout.big else "HHI")
        head.append(struct.pack(kinds, tag, entry.type, entry.count) + value)
    head.append(b"\0" * layout.inline)  # no further directory
    return b"".join(head) + bytes(tail)


def replace_first(data: bytes, directory: Directory) -> bytes:
    """The block with `directory`, added at its end, in the place of its first one."""
    data += b"\0" * (len(data) % 2)
    start = 8 if directory.layout.big else 4
    pointer = struct.pack(directory.layout.word, len(data))
    head = data[:start] + pointer + data[start + len(pointer) :]
    return head + write_tree(directory, len(data))


def new_block(directory: Directory) -> bytes:
    """A block of its own: header, then the directory; not for BigTIFF layouts."""
    order = directory.layout.order
    magic = b"II" if order == "<" else b"MM"
    return magic + struct.pack(order + "HI", 42, 8) + write_tree(directory, 8)
