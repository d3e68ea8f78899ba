"""Where a picture has least of its own: the directions of least variance of its patches.

White noise has the same Gaussian everywhere, and so along every direction. What texture has along
those directions comes and goes over the picture, so that its kurtosis is larger. Of gray pictures,
in which colours cannot agree, this tells weak noise from texture where no block is flat.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PATCH = 7  # pixels; of 5 the third direction has texture in more pictures
DIRECTIONS = 3
MOST_PATCHES = 60_000
AWAY = 0.05  # of a patch's mean from black and white, where noise is clipped
LEAST_PATCHES = 20 * PATCH**2


def kurtosis(observation: NDArray[np.float32]) -> float:
    """Of gray patches along the directions of least variance: 3 for white noise, of any strength.

    observation: (H, W, 1) float32 in [0, 1]; inf where there are too few patches.
    """
    if min(observation.shape[:2]) < PATCH:
        return np.inf
    views = np.lib.stride_tricks.sliding_window_view(observation[..., 0], (PATCH, PATCH))
    step = max(1, int(np.sqrt(views.shape[0] * views.shape[1] / MOST_PATCHES)))
    patches = views[::step, ::step].reshape(-1, PATCH * PATCH).astype(np.float64)
    mean = patches.mean(1)
    patches = patches[(mean > AWAY) & (mean < 1 - AWAY)]
    if len(patches) < LEAST_PATCHES:
        return np.inf
    patches -= patches.mean(0)
    _, vectors = np.linalg.eigh(patches.T @ patches)
    along = patches @ vectors[:, :DIRECTIONS]
    square = np.square(along).mean(0)
    return float((np.square(np.square(along)).mean(0) / np.maximum(square, 1e-18) ** 2).mean())
