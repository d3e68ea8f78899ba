"""From a Picture to the bytes of a file."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dipcli.errors import UsageError
from dipcli.pictures.codec import Codec
from dipcli.pictures.codecs import CODECS
from dipcli.pictures.formats import check_output
from dipcli.pictures.headers import Levels
from dipcli.pictures.picture import Meta, Picture

_ROWS = 256  # converted at a time, so that a large picture is not in memory once more


def encode(
    picture: Picture, format: str, *, quality: int = 95, provenance: str | None = None
) -> bytes:
    """The bytes of a file in this format (a key of CODECS), with all that `picture.meta` holds.

    quality: 1..100, for formats that lose something; WebP loses nothing at 100, or when the
    picture came from a lossless one. provenance: JSON on how the picture was made, to be read by
    `read_provenance`; a codec that does not keep a record leaves it out.

    Raises PictureError if the format cannot hold the depth, the alpha or the size, UsageError
    if `quality` is out of range. What else the format cannot hold is said by `lost`.
    """
    depth, has_alpha = picture.meta.depth, picture.alpha is not None
    check_output(format, depth=depth, has_alpha=has_alpha, size=picture.size)
    if not 1 <= quality <= 100:
        raise UsageError(f"quality {quality} is not in 1..100")
    codec = CODECS[format]
    assert codec.encode is not None  # it was checked
    levels = _levels(picture, keep_premultiplied=codec.associated_alpha)
    meta = _fitting(picture, codec)
    return codec.encode(levels, meta, quality=quality, record=provenance)


def _fitting(picture: Picture, codec: Codec) -> Meta:
    """The metadata without a profile for gray where gray is written as RGB."""
    meta = picture.meta
    has_gray = codec.gray if picture.alpha is None else codec.gray_alpha
    if has_gray or meta.icc is None or meta.icc[16:20] != b"GRAY":
        return meta
    return replace(meta, icc=None)


def _levels(picture: Picture, *, keep_premultiplied: bool) -> Levels:
    """The values (H, W, C) as they are stored, alpha last: uint8, uint16 or float32."""
    pixels, alpha, meta = picture.pixels, picture.alpha, picture.meta
    height, width, colours = pixels.shape
    dtype = {8: np.uint8, 16: np.uint16, 32: np.float32}[meta.depth]
    top = np.float32(1 if meta.depth == 32 else 2**meta.depth - 1)
    levels = np.empty((height, width, colours + (alpha is not None)), dtype)
    for start in range(0, height, _ROWS):
        rows = slice(start, start + _ROWS)
        band = pixels[rows]
        if alpha is not None:
            if meta.premultiplied and not keep_premultiplied:
                band = _straight(band, alpha[rows])
            band = np.concatenate([band, alpha[rows, :, None]], axis=2)
        band = np.clip(band, 0.0, 1.0)
        levels[rows] = band if meta.depth == 32 else np.rint(band * top)
    return levels


def _straight(pixels: NDArray[np.float32], alpha: NDArray[np.float32]) -> NDArray[np.float32]:
    """Colours (H, W, C) that were multiplied by alpha (H, W), divided by it."""
    weights = alpha[..., None]
    return np.divide(pixels, weights, out=np.zeros_like(pixels), where=weights > 0)


def lost(picture: Picture, format: str) -> tuple[str, ...]:
    """What `encode` leaves out of the picture's metadata in this format, for a warning."""
    meta, codec = picture.meta, CODECS[format]
    facts = {
        "colour profile": meta.icc,
        "EXIF": meta.exif,
        "XMP": meta.xmp,
        "IPTC": meta.iptc,
        "resolution": meta.dpi,
        "text": set(meta.text) - codec.text_keys,
    }
    gone = [noun for noun, value in facts.items() if value and noun not in codec.keeps]
    if meta.icc and not _fitting(picture, codec).icc:
        gone.append("colour profile for gray")
    return (*gone, *codec.excess(meta))
