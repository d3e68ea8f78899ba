"""A pair of photographs of one scene, made from a clean picture: by a dim lamp, and with a flash.

    ambient = noise(lamp * clean),    flash = clean * falloff * white point, a shadow, highlights

The lamp is dark and warm and stands on one side, where something hides a corner from it; the
noise of its photons and of reading is Poisson-Gaussian (Foi et al., IEEE Trans. Image Processing
2008). The flash is cold, brightest in the middle, and casts a shadow that the lamp does not cast;
it has hardly any noise. So either picture has edges that the other one has not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Values = NDArray[np.float64]

LAMP = np.array([0.62, 0.45, 0.27])  # of what the clean picture has of red, green and blue
SIDE = 0.35  # how much darker it is on the side away from the lamp
HIDDEN = 0.5  # how much darker where something hides the lamp
READ = 0.3  # standard deviation of reading as a share of all at 0.2
WHITE = np.array([0.86, 0.95, 1.0])  # of the flash
FALLOFF = 0.35  # how much darker it is in the corners
SHADOW = 0.45  # of the flash's light that is left in its shadow
GLINT = 0.5  # added where the flash is mirrored
FINE = 0.8 / 255  # standard deviation of the noise of the picture with flash


def pair(clean: Pixels, strength: float, seed: int = 0) -> tuple[Pixels, Pixels, Pixels]:
    """The ambient picture, the one with flash and the truth, (H, W, 3) uint8 each.

    clean: (H, W, 3) uint8; strength: about the standard deviation of the noise where the ambient
    picture is 0.2, on the scale 0 to 255. The same bytes for the same seed.
    """
    rng = np.random.default_rng(seed)
    scene = clean / 255
    truth = scene * LAMP * lamp(*clean.shape[:2])[..., None]
    lit = scene * WHITE * falloff(*clean.shape[:2])[..., None]
    y, x = np.mgrid[: clean.shape[0], : clean.shape[1]] / np.array(clean.shape[:2])[:, None, None]
    lit = lit * cast(y, x)[..., None] + glints(y, x)[..., None]
    lit = lit + rng.normal(0, FINE, lit.shape)
    return to_8bit(noisy(truth, strength, rng)), to_8bit(lit), to_8bit(truth)


def lamp(height: int, width: int) -> Values:
    """The share of the lamp's light that arrives, (H, W): darker to the right, dark in a corner."""
    y, x = np.mgrid[:height, :width] / np.array([height, width])[:, None, None]
    hidden = np.clip((y - 0.3 - 0.9 * x) / 0.025 + 0.5, 0, 1)
    return np.asarray((1 - SIDE * (0.7 * x + 0.3 * y)) * (1 - HIDDEN * hidden))


def falloff(height: int, width: int) -> Values:
    """The share of the flash's light that arrives, (H, W): less away from the middle."""
    y, x = np.mgrid[:height, :width] / np.array([height, width])[:, None, None] - 0.5
    return np.asarray(1 - FALLOFF * 2 * (x * x + y * y))


def cast(y: Values, x: Values) -> Values:
    """What a round thing on a pole leaves of the flash's light, at places in [0, 1]; soft edges."""
    ball = np.hypot(y - 0.42, x - 0.62) - 0.16
    pole = np.maximum(np.abs(x - 0.62) - 0.035, 0.42 - y)
    away = np.minimum(ball, pole)
    return np.asarray(SHADOW + (1 - SHADOW) * np.clip(away / 0.012 + 0.5, 0, 1))


def glints(y: Values, x: Values) -> Values:
    """Where the flash is mirrored, at places in [0, 1]."""
    spots = ((0.25, 0.3), (0.7, 0.2), (0.6, 0.85))
    return np.asarray(
        sum(GLINT * np.exp(-((y - a) ** 2 + (x - b) ** 2) / (2 * 0.018**2)) for a, b in spots)
    )


def noisy(truth: Values, strength: float, rng: np.random.Generator) -> Values:
    """With Poisson-Gaussian noise of that strength where the picture is 0.2; none for 0."""
    if strength == 0:
        return truth
    variance = (strength / 255) ** 2
    photons = 0.2 / ((1 - READ**2) * variance)
    read = rng.normal(0, READ * np.sqrt(variance), truth.shape)
    return np.asarray(rng.poisson(truth * photons) / photons + read)


def to_8bit(x: Values) -> Pixels:
    """Clipped and rounded."""
    return np.round(255 * np.clip(x, 0, 1)).astype(np.uint8)
