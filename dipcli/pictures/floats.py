"""Float values as files hold them: those a hair outside of [0, 1] are clipped, others refused."""

import numpy as np
from numpy.typing import NDArray

from dipcli.pictures.headers import Levels, RefusedError

# Resampling and rounding overshoot by less; it is a quarter of a level of 8 bits.
TOLERANCE = 1e-3


def within_range(values: Levels) -> tuple[Levels, tuple[str, ...]]:
    """Stored values (H, W, C), floats clipped to [0, 1], and a note if that changed any.

    Raises RefusedError where values are no numbers, or further outside than TOLERANCE.
    """
    if values.dtype != np.float32:
        return values, ()
    unknown: NDArray[np.bool_] = np.logical_not(np.isfinite(values).all(2))
    if unknown.any():
        raise RefusedError(_no_numbers(unknown))
    low, high = float(values.min()), float(values.max())
    if low >= 0.0 and high <= 1.0:
        return values, ()
    if low < -TOLERANCE or high > 1.0 + TOLERANCE:
        raise RefusedError(f"has values from {low:.4g} to {high:.4g}; scale them to 0..1 first")
    outside = int(((values < 0) | (values > 1)).any(2).sum())
    count = "1 pixel" if outside == 1 else f"{outside} pixels"
    note = f"{count} with values a hair outside of 0..1 ({low:.4g} to {high:.9g}) clipped"
    return values.clip(0, 1), (note,)


def _no_numbers(unknown: NDArray[np.bool_]) -> str:
    """How many pixels are no numbers, (H, W) bool, and where the first one is."""
    row, column = np.unravel_index(unknown.argmax(), unknown.shape)
    count = int(unknown.sum())
    has = "1 pixel that is not a number" if count == 1 else f"{count} pixels that are not numbers"
    where = f"{'' if count == 1 else 'the first '}at x={column}, y={row}"
    return f"has {has} (NaN or infinite), {where}; give them values in 0..1 first"
