"""Masks: which pixels are holes."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dipcli.errors import MaskError, PictureError
from dipcli.pictures.picture import Picture
from dipcli.pictures.reading import read
from dipcli.pictures.scanning import probe
from dipcli.system.files import name_of

_MOST, _LEAST = 0.95, 0.0001  # fractions of the picture beyond which a hole is suspicious
_COLOURED = 32 / 255  # between the largest and the least of three colours: no gray, even as JPEG
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
    read, has another size, or covers nothing or everything; it says which values the mask has.
    """
    mask = _read(source, size, picture_name)
    white = _white(mask)
    hole = ~white if invert else white
    if hole.any() and not hole.all():
        return hole
    covers = "everything" if hole.any() else "nothing"
    turned = ", and --invert-mask is given" if invert else ""
    raise MaskError(f"{_called(source)} covers {covers}{turned}: {_found(mask)}")


def read_protected(
    source: Path | bytes, size: tuple[int, int], *, picture_name: str = "the picture"
) -> NDArray[np.bool_]:
    """What a mask file protects: (H, W) bool, True where it is white (over half).

    size: (width, height) of the picture. Raises MaskError if the mask cannot be read, has
    another size, or holds the values 0 and 1 of 255; it may protect nothing or everything.
    """
    mask = _read(source, size, picture_name)
    if _top_of_small(mask):
        raise MaskError(f"{_called(source)} protects nothing: {_found(mask)}")
    return _white(mask)


def _called(source: Path | bytes) -> str:
    return "the mask" if type(source) is bytes else name_of(source)


def _read(source: Path | bytes, size: tuple[int, int], picture_name: str) -> Picture:
    """The picture of a mask; MaskError if it cannot be read or has another size."""
    try:
        found = probe(source).size
        if found != tuple(size):
            raise MaskError(
                f"{_called(source)} is {found[0]}x{found[1]} but {picture_name} is "
                f"{size[0]}x{size[1]}; scale the mask or give the right one"
            )
        return read(source, max_pixels=None)
    except PictureError as error:
        raise MaskError(str(error)) from error


def _gray(mask: Picture) -> NDArray[np.float32]:
    """How bright a mask is, (H, W) in [0, 1], as if nothing of it were transparent."""
    gray: NDArray[np.float32]
    gray = mask.pixels[..., 0] if mask.pixels.shape[2] == 1 else mask.pixels @ _LUMA
    return gray


def _white(mask: Picture) -> NDArray[np.bool_]:
    """Where a mask is white, (H, W); transparent counts as black."""
    gray = _gray(mask)
    if mask.alpha is not None and not mask.meta.premultiplied:
        gray = gray * mask.alpha
    white: NDArray[np.bool_] = gray > 0.5
    return white


def _top_of_small(mask: Picture) -> int | None:
    """255 or 65535 if the stored values are 0 and 1 of it, as programs write masks; else None."""
    if mask.alpha is not None or mask.meta.depth == 32:
        return None
    most = float(mask.pixels.max())
    return next((top for top in (255, 65535) if abs(most * top - 1) < 0.01), None)


def _found(mask: Picture) -> str:
    """What the values of a useless mask are, and what to do."""
    top = _top_of_small(mask)
    if top:
        return f"its values are 0 and 1 of {top}, all as good as black; multiply them by {top}"
    if mask.alpha is not None and float(mask.alpha.min()) < float(mask.alpha.max()):
        return (
            "it is drawn in its transparency, and transparent counts as black; "
            "save it without, white where the hole is, black elsewhere"
        )
    remedy = "draw the hole white (255), all else black (0)"
    colourful = np.ptp(mask.pixels, axis=2)
    if float(colourful.max()) > _COLOURED:
        red, green, blue = mask.pixels[np.unravel_index(colourful.argmax(), colourful.shape)]
        bright = red * _LUMA[0] + green * _LUMA[1] + blue * _LUMA[2]
        values = f"({255 * red:.0f}, {255 * green:.0f}, {255 * blue:.0f})"
        return f"it is drawn in colour: {values} counts as gray {255 * bright:.0f} of 255; {remedy}"
    gray = _gray(mask)
    low, high = (f"{255 * value:.0f}" for value in (float(gray.min()), float(gray.max())))
    if low == high:
        shade = {"0": "black", "255": "white"}.get(low, f"gray ({low} of 255)")
        return f"it is {shade} all over; {remedy}"
    side = "all over half" if float(gray.min()) > 0.5 else "none over half"
    return f"its values are {low} to {high} of 255, {side}; {remedy}"


def mask_from_alpha(picture: Picture, invert: bool = False) -> NDArray[np.bool_]:
    """The transparent pixels (alpha under a half) as the hole: (H, W) bool, True where to fill.

    Raises MaskError if the picture has no alpha, or it covers nothing or everything.
    """
    if picture.alpha is None:
        raise MaskError("the picture has no transparent pixels to fill; give a mask file instead")
    transparent: NDArray[np.bool_] = picture.alpha < 0.5
    if transparent.any() and not transparent.all():
        return ~transparent if invert else transparent
    covers = "everything" if transparent.any() != invert else "nothing"
    low, high = (f"{100 * value:.0f}" for value in (picture.alpha.min(), picture.alpha.max()))
    found = f"{low} %" if low == high else f"{low} to {high} %"
    raise MaskError(
        f"the alpha covers {covers}: the picture is {found} opaque all over, and what is less "
        "than 50 % opaque is transparent; give a mask file instead"
    )


def mask_warning(hole: NDArray[np.bool_], invert: bool = False) -> str | None:
    """A warning if the hole is suspiciously large (> 95 %) or small (< 0.01 %), else None.

    invert: whether --invert-mask was given.
    """
    fraction = float(hole.mean())
    if _LEAST <= fraction <= _MOST:
        return None
    cure = "leave --invert-mask out" if invert else "add --invert-mask"
    return (
        f"the hole is {fraction:.2%} of the picture; "
        f"if the mask is drawn the other way round, {cure}"
    )
