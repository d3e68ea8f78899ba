"""How a result was made, kept in its own metadata."""

from pathlib import Path

from dipcli.errors import PictureError
from dipcli.pictures import exif
from dipcli.pictures.codecs import CODECS
from dipcli.pictures.formats import HEAD, sniff
from dipcli.pictures.scanning import as_picture_error, load, scan


def read_provenance(path: Path) -> str | None:
    """The JSON string that `encode` put into a file; None where absent, unreadable or cut off.

    The file is looked at to its end but its pixels are not decoded.
    """
    try:
        data = load(path)
        with as_picture_error(path):
            format = sniff(data[:HEAD])
            own = CODECS[format].record if format else None
            if own is not None:
                return own(data)
            block = scan(memoryview(data), None).meta.exif
            return exif.record(block) if block else None
    except PictureError:
        return None
