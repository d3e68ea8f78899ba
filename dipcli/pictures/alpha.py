"""Transparency without fringes: what lies under it must not be seen, by no one."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Floats = NDArray[np.float32]


def fill_transparent(pixels: Floats, alpha: Floats) -> Floats:
    """Colours for the fully transparent pixels, spread from the visible ones around them.

    Editors leave black or junk there; a network would see it as an edge and draw it into what
    is visible. pixels: (H, W, C), alpha: (H, W), both float32 in [0, 1]. Visible pixels come
    back as they are. Cost: two passes over a pyramid of averages weighted by alpha.
    """
    unseen = alpha <= 0
    if not unseen.any() or unseen.all():
        return pixels
    filled = pixels.copy()
    filled[unseen] = _spread(pixels * alpha[..., None], alpha)[unseen]
    return filled


def _spread(sums: Floats, weights: Floats) -> Floats:
    """Weighted sums (H, W, C) as averages; where there is no weight, from coarser averages."""
    here = weights > 0
    out = sums / np.maximum(weights, np.float32(1e-12))[..., None]
    if not here.all():
        coarse = _spread(_halved(sums), _halved(weights[..., None])[..., 0])
        height, width = weights.shape
        doubled = coarse.repeat(2, axis=0).repeat(2, axis=1)[:height, :width]
        out = np.where(here[..., None], out, _smoothed(doubled))
    return out.astype(np.float32, copy=False)


def _halved(values: Floats) -> Floats:
    """Means over blocks of 2x2 of (H, W, C), an odd last row or column repeated."""
    height, width = values.shape[:2]
    values = np.pad(values, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    total = values[::2, ::2] + values[1::2, ::2] + values[::2, 1::2] + values[1::2, 1::2]
    return total * np.float32(0.25)


def _smoothed(values: Floats) -> Floats:
    """The mean over 3x3, so that the blocks of the pyramid do not show."""
    for axis in (0, 1):
        ends = [(1, 1) if a == axis else (0, 0) for a in range(3)]
        padded = np.moveaxis(np.pad(values, ends, mode="edge"), axis, 0)
        mean = (padded[:-2] + padded[1:-1] + padded[2:]) * np.float32(1 / 3)
        values = np.moveaxis(mean, 0, axis)
    return values


def enlarge_alpha(alpha: Floats, size: tuple[int, int]) -> Floats:
    """Alpha (H, W) float32 in [0, 1] at another (width, height), by bicubic interpolation."""
    image = Image.fromarray(np.ascontiguousarray(alpha, np.float32))
    large = np.asarray(image.resize(size, Image.Resampling.BICUBIC), np.float32)
    return np.clip(large, 0.0, 1.0)
