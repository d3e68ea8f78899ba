"""From a Picture to the bytes of a file."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dipcli.errors import UsageError
from dipcli.pictures import exif, pillow, tiffmeta
from dipcli.pictures.codecs import png
from dipcli.pictures.formats import FORMATS, check_output
from dipcli.pictures.headers import Levels
from dipcli.pictures.picture import Meta, Picture

_ROWS = 256  # converted at a time, so that a large picture is not in memory once more


def encode(
    picture: Picture, format: str, *, quality: int = 95, provenance: str | None = None
) -> bytes:
    """The bytes of a file in this format (a key of FORMATS), with all that `picture.meta` holds.

    quality: 1..100 for JPEG, WebP and AVIF; PNG, TIFF and BMP lose nothing, nor does WebP at
    100 or when the picture came from a lossless one. provenance: JSON on how the picture was
    made, to be read by `read_provenance`: in PNG as text "dip", in JPEG, WebP, TIFF and AVIF as
    EXIF UserComment (ImageHistory if the picture has a comment); BMP has no place for it.

    Raises PictureError if the format cannot hold the depth, the alpha or the size, UsageError
    if `quality` is out of range. What else the format cannot hold is said by `lost`.
    """
    meta = _fitting(picture, format)
    check_output(format, depth=meta.depth, has_alpha=picture.alpha is not None, size=picture.size)
    if not 1 <= quality <= 100:
        raise UsageError(f"quality {quality} is not in 1..100")
    levels = _levels(picture, keep_premultiplied=format == "TIFF")
    if format == "PNG":
        block = exif.stamped(meta.exif, picture.size)
        return png.encode(levels, meta, block, provenance)
    if format == "BMP":
        return pillow.encode(levels, format, meta, None, quality=quality)
    dpi = meta.dpi if format in ("WEBP", "AVIF") else None  # the others have their own place
    block = exif.stamped(meta.exif, picture.size, provenance, dpi)
    if format == "TIFF":
        return tiffmeta.encode(levels, meta, block)
    if format == "JPEG" and block is not None and len(block) > pillow.MOST_EXIF:
        block = exif.stamped(meta.exif, picture.size)  # at the least without the record
    return pillow.encode(levels, format, meta, block, quality=quality)


def _fitting(picture: Picture, format: str) -> Meta:
    """The metadata without a profile for gray where gray is written as RGB."""
    meta = picture.meta
    has_gray = format != "WEBP" and not (format == "AVIF" and picture.alpha is not None)
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
    meta = picture.meta
    text = set(meta.text) - ({pillow.COMMENT} if format == "JPEG" else set())
    facts = {
        "colour profile": meta.icc,
        "EXIF": meta.exif,
        "XMP": meta.xmp,
        "IPTC": meta.iptc,
        "resolution": meta.dpi,
        "text": text,
    }
    keeps = FORMATS[format].keeps
    gone = [noun for noun, value in facts.items() if value and noun not in keeps]
    if meta.icc and not _fitting(picture, format).icc:
        gone.append("colour profile for gray")
    if format == "JPEG" and meta.exif and len(meta.exif) > pillow.MOST_EXIF:
        gone.append("EXIF of more than 64 KB")
    if format == "JPEG" and meta.xmp and len(meta.xmp) > pillow.MOST_XMP:
        gone.append("XMP of more than 64 KB")
    return tuple(gone)
