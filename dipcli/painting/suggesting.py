"""What a mask could begin with, before anybody has painted: what the picture itself shows."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dipcli.report.layers import Layer

if TYPE_CHECKING:
    from dipcli.pictures import Picture

MARK = (255, 45, 85)  # as the page paints
LOOKED_AT = 4_000_000  # pixels; in a larger picture it would take seconds to look for wrong ones


def suggested(picture: Picture) -> NDArray[np.bool_] | None:
    """The transparent pixels, else those whose values are wrong: (H, W); None where there are none.

    Wrong are salt and pepper, values of chance, and a sensor's stuck ones.
    """
    from dipcli.degradation import impulses

    if picture.alpha is not None:
        transparent: NDArray[np.bool_] = picture.alpha < 0.5
        return transparent if transparent.any() and not transparent.all() else None
    if picture.pixels.shape[0] * picture.pixels.shape[1] > LOOKED_AT:
        return None
    found = impulses.find(picture.pixels)
    wrong: NDArray[np.bool_] = np.logical_or.reduce(found.mask, axis=2)
    return wrong if found else None


def layer_of(mask: NDArray[np.bool_], canvas: tuple[int, int]) -> Layer:
    """A mask, (H, W), as a file to be laid over the canvas of (W, H): the mark, else nothing."""
    from PIL import Image

    marked = np.zeros((*mask.shape, 4), np.uint8)
    marked[mask] = (*MARK, 255)
    buffer = io.BytesIO()
    Image.fromarray(marked).resize(canvas, Image.Resampling.NEAREST).save(buffer, "PNG")
    return Layer("suggestion", "suggested", ".png", buffer.getvalue())
