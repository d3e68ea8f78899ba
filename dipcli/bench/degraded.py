"""What the suites do to a clean picture, the same each time."""

import io
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dipcli.bench import impulse

Pixels = NDArray[np.uint8]


def saved(clean: Pixels, quality: int) -> bytes:
    """A JPEG as Pillow saves it unless told otherwise: chroma of half the size."""
    file = io.BytesIO()
    Image.fromarray(clean).save(file, "JPEG", quality=quality)
    return file.getvalue()


def gaussian(clean: Pixels, sigma: float) -> Pixels:
    """Gaussian noise of `sigma` (of 255), clipped and rounded to 8 bits; seed 0."""
    noise = np.random.default_rng(0).normal(0, sigma / 255, clean.shape)
    return to_8bit(clean / 255 + noise)


def unclipped(clean: Pixels, sigma: float) -> tuple[NDArray[np.float32], tuple[float, float]]:
    """The same noise, neither clipped nor rounded, in [0, 1] as the API wants floats.

    Also which values, of white 1, its 0 and 1 stand for.
    """
    noisy = clean / 255 + np.random.default_rng(0).normal(0, sigma / 255, clean.shape)
    low, high = float(noisy.min()), float(noisy.max())
    seen = ((noisy - low) / (high - low)).astype(np.float32)
    return seen.clip(0, 1), (low, high)


def poisson(clean: Pixels, peak: float) -> Pixels:
    """Photon noise with `peak` photons at white, clipped and rounded to 8 bits; seed 0."""
    return to_8bit(np.random.default_rng(0).poisson(clean / 255 * peak) / peak)


def to_8bit(x: NDArray[np.float64]) -> Pixels:
    """Values of white 1, clipped and rounded."""
    return np.round(255 * np.clip(x, 0, 1)).astype(np.uint8)


# suite -> what becomes of a clean picture at a level
DEGRADED: dict[str, Callable[[Pixels, int], Pixels]] = {
    "denoise": gaussian,
    "poisson": poisson,
    "impulse": lambda clean, percent: impulse.salt_and_pepper(clean, percent / 100),
    "impulse-random": lambda clean, percent: impulse.random_valued(clean, percent / 100),
    "clean": lambda clean, _: clean,
}
