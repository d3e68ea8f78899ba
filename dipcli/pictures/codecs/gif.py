"""GIF: read only, one picture without animation."""

from dipcli.pictures.codec import Codec, starts_with
from dipcli.pictures.headers import Scan
from dipcli.pictures.ifd import Buffer

_PIXELS_PER_BYTE = 4096  # at most: strings of 4096 in 12 bits


def scan(data: Buffer) -> Scan:
    """Read everything but the pixels; raises RefusedError, or what Pillow raises."""
    from PIL.GifImagePlugin import GifImageFile

    from dipcli.pictures.pillow import open_still, scan_of

    return scan_of(open_still(data, GifImageFile, "GIF", _PIXELS_PER_BYTE))


CODEC = Codec(
    name="GIF",
    title="GIF",
    matches=starts_with(b"GIF87a", b"GIF89a"),
    scan=scan,
    lossless=True,
)
