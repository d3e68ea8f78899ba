"""From a file to a Picture."""

import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from dipcli.errors import PictureError
from dipcli.pictures.files import name_of
from dipcli.pictures.formats import sniff
from dipcli.pictures.picture import Meta, Picture


def read(source: Path | bytes, *, max_pixels: int | None = 500_000_000) -> Picture:
    """Read a picture from a file or its bytes; raises PictureError."""
    name = name_of(source)
    try:
        data = source if isinstance(source, bytes) else source.read_bytes()
        format = sniff(data[:16])
        if format is None:
            raise PictureError(f"{name}: is not a picture")
        image = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
        if image.mode not in ("L", "LA", "RGB", "RGBA"):
            image = image.convert("RGBA" if image.has_transparency_data else "RGB")
        array = np.asarray(image, np.float32).reshape(image.height, image.width, -1) / 255
    except PictureError:
        raise
    except Exception as error:
        raise PictureError(f"{name}: is truncated or damaged and cannot be read") from error
    alpha = np.ascontiguousarray(array[..., -1]) if array.shape[2] in (2, 4) else None
    pixels = np.ascontiguousarray(array[..., :-1] if alpha is not None else array)
    return Picture(pixels, alpha, Meta(format=format, icc=image.info.get("icc_profile")))
