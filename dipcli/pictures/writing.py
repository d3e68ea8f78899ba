"""From a Picture to the bytes of a file."""

import io

import numpy as np
from PIL import Image

from dipcli.pictures.formats import check_output
from dipcli.pictures.picture import Picture


def encode(
    picture: Picture, format: str, *, quality: int = 95, provenance: str | None = None
) -> bytes:
    """The bytes of a file in this format; raises PictureError if depth or alpha is not held."""
    meta = picture.meta
    check_output(format, depth=meta.depth, has_alpha=picture.alpha is not None, size=picture.size)
    levels = picture.pixels
    if picture.alpha is not None:
        levels = np.concatenate([levels, picture.alpha[..., None]], axis=2)
    array = np.rint(np.clip(levels, 0, 1) * 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(array[..., 0] if array.shape[2] == 1 else array).save(
        buffer, format, quality=quality
    )
    return buffer.getvalue()
