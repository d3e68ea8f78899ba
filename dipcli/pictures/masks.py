"""Masks: which pixels are holes."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dipcli.errors import MaskError, PictureError
from dipcli.pictures.files import name_of
from dipcli.pictures.picture import Picture
from dipcli.pictures.reading import read
from dipcli.pictures.scanning import probe

_MOST, _LEAST = 0.95, 0.0001  # fractions of the picture beyond which a hole is suspicious
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601


def read_mask(
    source: Path | bytes,
    size: tuple[int, int],
    invert: bool = False,
    *,
    picture_name: str = "the picture",
) -> NDArray[np.bool_]:
    """The hole that a mask file draws: (H, W) bool, True where to fill.

    White (over half) is the hole, black is kept; transparent counts as black. `invert` turns
    that round. size: (width, height) of the picture. Raises MaskError if the mask cannot be
    read, has another size, or covers nothing or everything.
    """
    drawn = _drawn(source, size, picture_name)
    return _checked(drawn != invert, _called(source), "is white", "--invert-mask")


def read_protected(
    source: Path | bytes, size: tuple[int, int], *, picture_name: str = "the picture"
) -> NDArray[np.bool_]:
    """What a mask file protects: (H, W) bool, True where it is white (over half).

    size: (width, height) of the picture. Raises MaskError if the mask cannot be read or has
    another size; it may protect nothing or everything.
    """
    return _drawn(source, size, picture_name)


def _called(source: Path | bytes) -> str:
    return "the mask" if type(source) is bytes else name_of(source)


def _drawn(source: Path | bytes, size: tuple[int, int], picture_name: str) -> NDArray[np.bool_]:
    """Where a mask is white, (H, W); transparent counts as black."""
    try:
        found = probe(source).size
        if found != tuple(size):
            raise MaskError(
                f"{_called(source)} is {found[0]}x{found[1]} but {picture_name} is "
                f"{size[0]}x{size[1]}; scale the mask or give the right one"
            )
        mask = read(source, max_pixels=None)
    except PictureError as error:
        raise MaskError(str(error)) from error
    gray = mask.pixels[..., 0] if mask.pixels.shape[2] == 1 else mask.pixels @ _LUMA
    if mask.alpha is not None and not mask.meta.premultiplied:
        gray = gray * mask.alpha
    white: NDArray[np.bool_] = gray > 0.5
    return white


def mask_from_alpha(picture: Picture, invert: bool = False) -> NDArray[np.bool_]:
    """The transparent pixels (alpha under a half) as the hole: (H, W) bool, True where to fill.

    Raises MaskError if the picture has no alpha, or it covers nothing or everything.
    """
    if picture.alpha is None:
        raise MaskError("the picture has no transparent pixels to fill; give a mask file instead")
    return _checked((picture.alpha < 0.5) != invert, "the alpha", "is transparent", "--invert-mask")


def _checked(hole: NDArray[np.bool_], name: str, drawn: str, flag: str) -> NDArray[np.bool_]:
    """The hole, if it leaves something to do and something to learn from."""
    if not hole.any():
        raise MaskError(f"{name} covers nothing: what {drawn} is the hole; {flag} turns that round")
    if hole.all():
        raise MaskError(
            f"{name} covers everything: what {drawn} is the hole; {flag} turns that round"
        )
    return hole


def mask_warning(hole: NDArray[np.bool_]) -> str | None:
    """A warning if the hole is suspiciously large (> 95 %) or small (< 0.01 %), else None."""
    fraction = float(hole.mean())
    if _LEAST <= fraction <= _MOST:
        return None
    return (
        f"the hole is {fraction:.2%} of the picture; "
        "if the mask is drawn the other way round, add --invert-mask"
    )
