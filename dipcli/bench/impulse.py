"""Impulse noise for measuring: a share of the pixels says nothing about the picture any more."""

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


def salt_and_pepper(clean: Pixels, share: float, seed: int = 0) -> Pixels:
    """`share` of the pixels of `clean`, (H, W) or (H, W, C), black or white in all channels."""
    generator = np.random.default_rng(seed)
    hit = generator.random(clean.shape[:2]) < share
    white = generator.random(clean.shape[:2]) < 0.5
    noisy = clean.copy()
    noisy[hit & ~white] = 0
    noisy[hit & white] = 255
    return noisy


def random_valued(clean: Pixels, share: float, seed: int = 0) -> Pixels:
    """`share` of the pixels of `clean`, (H, W) or (H, W, C), of any value: 0 to 255 alike.

    The channels of a pixel are hit together; each has a value of its own.
    """
    generator = np.random.default_rng(seed)
    hit = generator.random(clean.shape[:2]) < share
    values = generator.integers(0, 256, clean.shape, dtype=np.uint8)
    noisy = clean.copy()
    noisy[hit] = values[hit]
    return noisy
