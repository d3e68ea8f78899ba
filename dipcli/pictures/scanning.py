"""One way into every format: the right reader by content, every failure as one line."""

import logging
import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from dipcli.errors import PictureError
from dipcli.pictures.bounds import bounded
from dipcli.pictures.codecs import CODECS
from dipcli.pictures.formats import HEAD, foreign, is_lossless, one_of, roomy, sniff
from dipcli.pictures.headers import Header, RefusedError, Scan
from dipcli.pictures.ifd import Buffer
from dipcli.system.files import name_of

for _library in ("tifffile", "imagecodecs"):  # they log what we raise or note
    logging.getLogger(_library).addHandler(logging.NullHandler())


@contextmanager
def as_picture_error(source: Path | bytes) -> Iterator[None]:
    """Turn whatever a decoder raises into a PictureError that names the file."""
    name = name_of(source)
    try:
        yield
    except RefusedError as error:
        cure = "; get an intact copy" if str(error).startswith("is damaged") else ""
        raise PictureError(f"{name}: {error}{cure}") from error
    except MemoryError as error:
        raise PictureError(f"{name}: needs more memory than there is; reduce or cut it") from error
    except Exception as error:  # decoders meet damaged files with any kind of exception
        raise PictureError(f"{name}: is truncated or damaged; get an intact copy") from error


def load(source: Path | bytes) -> bytes:
    """The bytes of a source; raises PictureError if it cannot be read or is no picture."""
    if isinstance(source, bytes):
        _check_head(source, source[:HEAD])
        return source
    try:
        with source.open("rb") as file:
            head = file.read(HEAD)
            _check_head(source, head)
            return head + file.read()
    except OSError as error:
        raise PictureError(f"{name_of(source)}: cannot be read: {error.strerror}") from error


def _check_head(source: Path | bytes, head: bytes) -> None:
    """Raise PictureError unless the first bytes are those of a picture that is read."""
    name = name_of(source)
    if not head:
        raise PictureError(f"{name}: is empty; get the file again")
    if sniff(head) is not None:
        return
    kind = foreign(head)
    if kind is not None:
        raise PictureError(f"{name}: is {kind}, which is not read; convert it to {roomy()}")
    titles = one_of(codec.title for codec in CODECS.values())
    raise PictureError(f"{name}: is not a {titles} picture; save it as one")


def scan(data: Buffer, max_pixels: int | None) -> Scan:
    """Everything but the pixels; raises RefusedError or whatever a damaged file leads to."""
    format = sniff(bytes(data[:HEAD]))
    if format is None:
        raise RefusedError("is not a picture")
    found = CODECS[format].scan(data)
    width, height = found.width, found.height
    if width < 1 or height < 1:
        raise RefusedError("is damaged: it has no pixels")
    if max_pixels is not None and width * height > max_pixels:
        raise RefusedError(
            f"is {width}x{height}, {width * height / 1e6:.1f} million pixels, over the limit of "
            f"{max_pixels / 1e6:g} million; raise it with --max-pixels"
        )
    return replace(found, meta=bounded(replace(found.meta, format=format)))


def header_of(found: Scan) -> Header:
    """The facts of the upright picture."""
    size = (found.width, found.height)
    width, height = size[::-1] if found.orientation > 4 else size
    return Header(
        format=found.meta.format,
        width=width,
        height=height,
        channels=found.channels,
        depth=found.meta.depth,
        has_alpha=found.has_alpha,
        lossless=is_lossless(found.meta),
    )


def probe(source: Path | bytes, *, max_pixels: int | None = None) -> Header:
    """The facts of a picture from its header, nothing decoded; the suffix plays no part.

    Raises PictureError for what `read` refuses by its header: not a picture, cut off, CMYK,
    animated, several pages, or more than `max_pixels` pixels.
    """
    if isinstance(source, bytes) or not source.is_file():
        data = memoryview(load(source))
        with as_picture_error(source):
            return header_of(scan(data, max_pixels))
    try:
        with source.open("rb") as file:
            _check_head(source, file.read(HEAD))
            data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except OSError as error:
        raise PictureError(f"{name_of(source)}: cannot be read: {error.strerror}") from error
    with as_picture_error(source):
        return header_of(scan(data, max_pixels))
