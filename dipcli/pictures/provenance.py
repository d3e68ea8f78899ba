"""How a result was made, kept in its own metadata."""

from pathlib import Path

from dipcli.errors import PictureError
from dipcli.pictures import exif
from dipcli.pictures.codecs import png
from dipcli.pictures.formats import sniff
from dipcli.pictures.scanning import load, scan, told


def read_provenance(path: Path) -> str | None:
    """The JSON string that `encode` put into a file; None where absent, unreadable or cut off.

    The file is looked at to its end but its pixels are not decoded.
    """
    try:
        data = load(path)
        with told(path):
            if sniff(data) == "PNG":
                return png.record(data)
            block = scan(memoryview(data), None).meta.exif
            cut = sniff(data) == "JPEG" and not data.endswith(b"\xff\xd9")
            return exif.record(block) if block and not cut else None
    except PictureError:
        return None
