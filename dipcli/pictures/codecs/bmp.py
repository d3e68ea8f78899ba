"""BMP: 8 bits without alpha, and of all metadata the resolution alone."""

from dataclasses import replace

from dipcli.pictures.codec import Codec
from dipcli.pictures.headers import Levels, Scan
from dipcli.pictures.ifd import Buffer
from dipcli.pictures.picture import Meta

_HEADERS = {bytes((size, 0)) for size in (12, 40, 52, 56, 64, 108, 124)}
_PIXELS_PER_BYTE = 256  # at most: run lengths


def _matches(head: bytes) -> bool:
    """Two letters alone would take any text that begins with them."""
    return head[:2] == b"BM" and head[6:10] == bytes(4) and head[14:16] in _HEADERS


def scan(data: Buffer) -> Scan:
    """Read everything but the pixels; raises RefusedError, or what Pillow raises."""
    from PIL.BmpImagePlugin import BmpImageFile

    from dipcli.pictures.pillow import open_still, scan_of

    image = open_still(data, BmpImageFile, "BMP", _PIXELS_PER_BYTE)
    found = scan_of(image)
    return replace(found, meta=replace(found.meta, dpi=image.info.get("dpi")))


def encode(levels: Levels, meta: Meta, *, quality: int, record: str | None) -> bytes:
    """A BMP of (H, W, 1 or 3) uint8 levels."""
    from dipcli.pictures.pillow import save

    return save(levels, "BMP", **({"dpi": meta.dpi} if meta.dpi else {}))


CODEC = Codec(
    name="BMP",
    title="BMP",
    suffixes=(".bmp", ".dib"),
    matches=_matches,
    scan=scan,
    encode=encode,
    keeps=frozenset({"resolution"}),
    alpha=False,
    lossless=True,
)
