"""What lies around each value of a picture, as far as some of the values tell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

WINDOW = 5  # pixels; at 70 % lost 7 of 25 are left

Values = NDArray[np.float32]
Marks = NDArray[np.bool_]


@dataclass(frozen=True)
class Around:
    """What surrounds each value, of the values neither black nor white: (H, W, C) each."""

    share: Values  # of the window
    mean: Values
    deviation: Values


def around(y: Values, plain: Marks) -> Around:
    """Mean and standard deviation over 5 x 5, of the plain values alone.

    Channel by channel: of a large picture one more is a third of what it takes.
    """
    found = Around(np.empty_like(y), np.empty_like(y), np.empty_like(y))
    for channel in range(y.shape[2]):
        one = slice(channel, channel + 1)
        values, weight = y[..., one], plain[..., one].astype(np.float32)
        share = box(weight, WINDOW)
        safe = np.maximum(share, np.float32(1e-6))
        mean = np.divide(box(weight * values, WINDOW), safe)
        square = np.divide(box(weight * values * values, WINDOW), safe)
        found.share[..., one], found.mean[..., one] = share, mean
        found.deviation[..., one] = np.sqrt(np.maximum(square - mean * mean, np.float32(0)))
    return found


def box(x: Values, side: int) -> Values:
    """Means over side x side, channel by channel."""
    mean: Values = uniform_filter(x, (side, side, 0), mode="reflect")
    return mean
