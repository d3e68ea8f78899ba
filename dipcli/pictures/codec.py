"""What the rest of the house knows of a picture format: the one `Codec` that its file exports.

The table of formats is also read for `--help`. A file in `codecs/` therefore imports numpy and
the libraries of its format in the functions that need them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from dipcli.pictures.headers import Levels, Scan
from dipcli.pictures.ifd import Buffer
from dipcli.pictures.picture import Meta

# Kinds of metadata, as warnings call them: these, "IPTC" and "text". The record is how a result
# was made.
USUAL_METADATA = frozenset({"colour profile", "EXIF", "XMP", "resolution", "record"})
UNLIMITED = 2**31 - 1  # pixels a side; more than a picture in memory can have


class Encode(Protocol):
    """How a codec writes."""

    def __call__(self, levels: Levels, meta: Meta, *, quality: int, record: str | None) -> bytes:
        """The bytes of a file of (H, W, C) levels, alpha last, with what it can hold of `meta`.

        levels: uint8, uint16 or float32, as meta.depth says. quality: 1..100, for a format that
        loses something. record: JSON on how the picture was made, to be found again by `record`.
        """


def _nothing(meta: Meta) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True, kw_only=True)
class Codec:
    """A format: how its files are known, read and written, and what they can hold.

    matches: whether a file that begins with these bytes (`HEAD` of them) is one.
    scan: everything but the pixels; raises RefusedError, or anything for a damaged file.
    encode: None for a format that is read but not written.
    record: the record in a file, None where absent or the file is cut off; without a function of
    its own, the record is looked for in the EXIF block of the scan.
    excess: what `encode` leaves out of this metadata although it keeps the kind, in words.
    """

    name: str  # as records and --format have it, in capitals; its key in the table
    title: str  # as people write it
    matches: Callable[[bytes], bool]
    scan: Callable[[Buffer], Scan]
    encode: Encode | None = None
    record: Callable[[bytes], str | None] | None = None
    excess: Callable[[Meta], tuple[str, ...]] = _nothing
    # What `encode` can hold
    suffixes: tuple[str, ...] = ()  # of results, lower case with their dot, the usual one first
    keeps: frozenset[str] = frozenset()  # kinds of metadata
    text_keys: frozenset[str] = frozenset()  # texts that are kept where "text" is not
    depths: tuple[int, ...] = (8,)  # bits per value, 32 for float
    alpha: bool = True
    associated_alpha: bool = False  # whether colours may be stored multiplied by alpha
    gray: bool = True  # else gray comes back as RGB
    gray_alpha: bool = True  # the same for gray with alpha
    lossless: bool = False  # whether every file holds its pixels as they were
    max_side: int = UNLIMITED  # in pixels

    @property
    def keeps_record(self) -> bool:
        """Whether a file says how it was made; else that lies in a file beside it."""
        return "record" in self.keeps

    @property
    def roomy(self) -> bool:
        """Whether nothing of a picture of these depths is lost, however large it is."""
        return self.lossless and self.alpha and self.max_side >= UNLIMITED


def starts_with(*magic: bytes) -> Callable[[bytes], bool]:
    """A `matches` for files that begin with one of these bytes."""
    return lambda head: head.startswith(magic)
