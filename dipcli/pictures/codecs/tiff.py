"""TIFF and BigTIFF as they are found: 1 to 16 bits and float, strips and tiles, read whole."""

import io
import re
import struct
from dataclasses import dataclass

from dipcli.pictures import exif, tiffmeta
from dipcli.pictures.codec import USUAL_METADATA, Codec, starts_with
from dipcli.pictures.headers import Levels, RefusedError, Scan
from dipcli.pictures.ifd import Buffer, Directory, Layout, read_directory, read_head
from dipcli.pictures.picture import Meta

_SUBFILE, _WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 254, 256, 257, 258, 259, 262
_STRIPS, _STRIP_BYTES, _SAMPLES, _SAMPLE_FORMAT, _DNG = 273, 279, 277, 339, 50706
_DESCRIPTION = 270
_TILE_WIDTH, _TILE_HEIGHT, _TILES, _TILE_BYTES = 322, 323, 324, 325
_STORAGE = {_SUBFILE, _WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _STRIPS, _STRIP_BYTES}
_STORAGE |= {_SAMPLES, _SAMPLE_FORMAT, _DNG, _TILE_WIDTH, _TILE_HEIGHT, _TILES, _TILE_BYTES}

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _YCBCR = 0, 1, 2, 3, 6
_COLOURS = {_WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _RGB: 3, _PALETTE: 1, _YCBCR: 3}
_REFUSED = {5: "a CMYK picture", 8: "a Lab picture", 9: "a Lab picture", 10: "a Lab picture"}
_JPEG = 7
# The most that each compression can save: none, LZW, JPEG, deflate (two codes), PackBits.
_RATIOS = {1: 1, 5: 1400, _JPEG: 1024, 8: 1032, 32946: 1032, 32773: 64}
_UINT, _FLOAT = 1, 3
_MOST_PAGES = 1000
_MOST_CHANNELS = 32  # beyond, the last axis of an array is its width


@dataclass(frozen=True)
class Kind:
    """How the values of a file are meant."""

    photometric: int
    bits: int
    colours: int
    alpha: bool
    floating: bool

    @property
    def palette(self) -> bool:
        """Whether the values are numbers of colours."""
        return self.photometric == _PALETTE


def scan(data: Buffer) -> Scan:
    """Read everything but the pixels; raises RefusedError or IfdError."""
    layout, offset = read_head(data)
    if bytes(data[8:10]) == b"CR":
        raise RefusedError("is a raw photo; develop it to TIFF or JPEG first")
    first = _only_page(data, layout, offset)
    kind = _kind(first)
    width, height = first.number(_WIDTH, 0), first.number(_HEIGHT, 0)
    if width <= 0 or height <= 0:
        raise RefusedError("is damaged: its TIFF header makes no sense")
    _check_storage(first, data, width * height * (kind.colours + kind.alpha) * kind.bits // 8)
    meta, orientation = tiffmeta.read_meta(
        data, bits=kind.bits, floating=kind.floating, palette=kind.palette, has_alpha=kind.alpha
    )
    levels = meta.depth if kind.palette else kind.bits
    return Scan(
        width=width,
        height=height,
        channels=3 if kind.palette else kind.colours,
        has_alpha=kind.alpha,
        meta=meta,
        decode=lambda source: _decode(source, kind, meta.depth),
        orientation=orientation,
        top=1.0 if kind.floating else float(2**levels - 1),
    )


def _only_page(data: Buffer, layout: Layout, offset: int) -> Directory:
    """The directory of the one picture in the file; previews and masks are not counted."""
    first, following = read_directory(data, layout, offset, _STORAGE)
    if _DNG in first.entries or first.number(_SUBFILE, 0) & 1:
        raise RefusedError("is a raw photo; develop it to TIFF or JPEG first")
    pages, seen = 1, {offset}
    while following and following not in seen and len(seen) < _MOST_PAGES:
        seen.add(following)
        page, following = read_directory(data, layout, following, {_SUBFILE})
        pages += not page.number(_SUBFILE, 0) & 5
    if pages > 1:
        described, _ = read_directory(data, layout, offset, {_DESCRIPTION})
        raise RefusedError(_several(described.ascii(_DESCRIPTION), pages))
    return first


def _several(description: str, pages: int) -> str:
    """What more than one page are: pictures, or the rows of an array with many channels.

    tifffile takes the first axis of an array for pages, and notes the shape of the whole.
    """
    found = re.search(r'"shape": \[(\d+), (\d+), (\d+)\]', description)
    height, width, channels = map(int, found.groups()) if found else (0, 0, 0)
    if height == pages and channels < min(height, width, _MOST_CHANNELS):
        return (
            f"is {width}x{height} with {channels} channels, stored as {pages} pages; "
            "save it as gray, RGB or RGBA first"
        )
    return f"has {pages} pages; split it into single pictures first"


def _kind(first: Directory) -> Kind:
    """How the values are meant; raises RefusedError for what is not restored."""
    photometric = first.number(_PHOTOMETRIC, _BLACK_IS_ZERO)
    compression = first.number(_COMPRESSION, 1)
    if photometric not in _COLOURS:
        kind = _REFUSED.get(photometric, f"a TIFF of colour kind {photometric}")
        raise RefusedError(f"is {kind}; convert it to RGB first")
    if compression not in _RATIOS:
        raise RefusedError(f"has TIFF compression {compression}; save it with LZW or deflate first")
    if photometric == _YCBCR and compression != _JPEG:
        raise RefusedError("is YCbCr without JPEG compression; convert it to RGB first")
    bits, floating = _values(first)
    colours = _COLOURS[photometric]
    extra = first.number(_SAMPLES, 1) - colours
    if extra not in (0, 1) or (photometric == _PALETTE and (extra or floating or bits > 8)):
        raise RefusedError(f"has {colours + extra} channels; save it as gray, RGB or RGBA first")
    return Kind(photometric, bits, colours, extra == 1, floating)


def _values(first: Directory) -> tuple[int, bool]:
    """Bits per value and whether they are floats; raises RefusedError for other kinds."""
    bits = sorted({int(n) for n in first.numbers(_BITS)} or {1})
    formats = {int(n) for n in first.numbers(_SAMPLE_FORMAT)} or {_UINT}
    floating = formats == {_FLOAT}
    known = (16, 32) if floating else (1, 2, 4, 8, 10, 12, 14, 16)
    if len(bits) > 1 or bits[0] not in known or formats not in ({_UINT}, {_FLOAT}):
        sort = {1: "integer", 2: "signed", 3: "float"}.get(min(formats), "unknown")
        held = f"{bits[0]}-bit {sort}" if len(bits) == 1 else "mixed"
        raise RefusedError(f"has {held} values; save it with 8, 16 or float32 ones")
    return bits[0], floating


def _check_storage(first: Directory, data: Buffer, needed: int) -> None:
    """Refuse a file whose strips or tiles are missing, cut off, or too few for its size."""
    tiled = _TILES in first.entries
    starts = first.numbers(_TILES if tiled else _STRIPS)
    lengths = first.numbers(_TILE_BYTES if tiled else _STRIP_BYTES)
    if not starts or len(starts) != len(lengths) or min(lengths) <= 0:
        raise RefusedError("is damaged: parts of its pixels are missing")
    if max(start + n for start, n in zip(starts, lengths, strict=True)) > len(data):
        raise RefusedError("is truncated; get the whole file")
    ratio = _RATIOS[first.number(_COMPRESSION, 1)]
    if needed > ratio * sum(lengths) + (64 * ratio if ratio > 1 else 0):
        raise RefusedError("is damaged: it has too few data for the size it says")
    tile = first.number(_TILE_WIDTH, 1) * first.number(_TILE_HEIGHT, 1)
    if tiled and not 0 < tile <= max(1 << 22, 4 * needed):
        raise RefusedError("is damaged: its tiles make no sense")
    if first.number(_COMPRESSION, 1) == _JPEG:
        most = tile if tiled else (first.number(_WIDTH, 0) + 15) * (first.number(_HEIGHT, 0) + 15)
        for start, length in zip(starts, lengths, strict=True):
            if _jpeg_pixels(data[int(start) : int(start + length)]) > most:
                raise RefusedError("is damaged: a part is larger than the whole")


def _jpeg_pixels(data: Buffer) -> int:
    """Width times height of a JPEG stream inside a TIFF, 0 if it says none."""
    at = 2
    while at + 9 <= len(data):
        mark, kind, length = struct.unpack_from(">BBH", data, at)
        if mark != 0xFF or kind == 0xDA:
            break
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, at + 5)
            return int(height * width)
        at += 2 + length
    return 0


def _decode(data: bytes, kind: Kind, depth: int) -> Levels:
    """The stored values (H, W, C), palette and inverted gray resolved."""
    import numpy as np
    import tifffile

    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages[0]
        planes, deep, height, width, samples = page.shaped
        if deep != 1:
            raise RefusedError("is a volume; save its layers as single pictures first")
        stored = page.asarray(maxworkers=1).reshape(planes, height, width, samples)
        palette = page.colormap
    array = stored[0] if planes == 1 else np.moveaxis(stored[..., 0], 0, -1)
    if kind.floating:
        return _black_is_zero(array.astype(np.float32, copy=False), kind, 1)
    if array.dtype == np.bool_:
        array = array.astype(np.uint8)
    if kind.palette:
        entries = np.asarray(palette).T
        colours = entries if depth == 16 else (entries >> 8).astype(np.uint8)
        return np.ascontiguousarray(colours[array[..., 0]])
    return _black_is_zero(array, kind, 2**kind.bits - 1)


def _black_is_zero(array: Levels, kind: Kind, top: int) -> Levels:
    """The same values with black as zero."""
    if kind.photometric == _WHITE_IS_ZERO:
        array = array.copy()
        array[..., 0] = top - array[..., 0]
    return array


def encode(levels: Levels, meta: Meta, *, quality: int, record: str | None) -> bytes:
    """A TIFF of (H, W, C) uint8, uint16 or float32 levels with all that `meta` holds."""
    block = exif.stamped(meta.exif, (levels.shape[1], levels.shape[0]), record)
    return tiffmeta.encode(levels, meta, block)


CODEC = Codec(
    name="TIFF",
    title="TIFF",
    suffixes=(".tif", ".tiff"),
    matches=starts_with(b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    scan=scan,
    encode=encode,
    keeps=USUAL_METADATA | {"IPTC"},
    depths=(8, 16, 32),
    associated_alpha=True,
    lossless=True,
)
