"""The noise of a picture whose impulses have been filled: filled values have hardly any."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray

from dipcli.degradation import noise as noises
from dipcli.degradation.noise import Noise

ROUNDS = 3  # of making the filled values as noisy as the others seem to be
LEAST_SIGMA = 7 / 255  # clean Baboon is taken for 6.5, sigma 10 with half of it hit for 8.5


def noise(filled: NDArray[np.float32], mask: NDArray[np.bool_], seed: int = 0) -> Noise:
    """The white noise of the values not in the mask, (H, W, C) each, on the scale of [0, 1].

    Filled values of noise s make the whole look like sqrt((1 - p) sigma^2 + p s^2), p their
    share; they are made noisy with the sigma that follows from it, again and again. Weak noise,
    and such as neighbours share, counts as none: the filling would be taken for it.
    """
    share = float(mask.mean())
    if share >= 1:
        return Noise(0.0)
    added, generator = 0.0, torch.Generator().manual_seed(seed)
    for _ in range(ROUNDS):
        drawn = torch.randn(filled.shape, generator=generator).numpy() * np.float32(added)
        whole = np.where(mask, np.clip(filled + drawn, 0, 1), filled).astype(np.float32)
        seen = noises.estimate(whole, "gaussian").sigma
        added = math.sqrt(max(0.0, seen**2 - share * added**2) / (1 - share))
    return Noise(added if added >= LEAST_SIGMA else 0.0)
