"""A simulated camera: what becomes of a clean picture photographed with little light.

    scene, linear light -> optics -> raw (noise, one colour a pixel) -> demosaicked
    -> white balance, colour matrix -> gamma -> 8 bits -> JPEG

The noise of the raw values is Poisson-Gaussian (Foi et al., IEEE Trans. Image Processing 2008).
Demosaicking is linear, by the 5x5 filters of Malvar, He and Cutler (ICASSP 2004). So neighbours
and channels of the result share their noise, as they do in a photograph, and a JPEG is on top.
"""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import correlate, correlate1d

Pixels = NDArray[np.uint8]
Values = NDArray[np.float64]

STRENGTHS = {"day": 5.0, "indoor": 12.0, "night": 25.0}
GAINS = np.array([2.0, 1.0, 1.6])  # white balance of a usual sensor in daylight
# From the sensor's colours to sRGB, as of usual sensors; rows sum to 1, so gray stays gray
COLOURS = np.array([[1.7, -0.5, -0.2], [-0.2, 1.5, -0.3], [0.0, -0.5, 1.5]])
MIDDLE = 0.18  # linear light of a middle gray
SLOPE = 1.055 / 2.4 * MIDDLE ** (1 / 2.4 - 1)  # of the gamma curve there
OPTICS = np.array([0.25, 0.5, 0.25])  # lens and low-pass filter; without: coloured moire, 25 dB
AMPLIFIED = 1.35  # times as strong is noise after demosaicking, white balance and the colours
READ = 0.1  # share of the variance at middle gray that does not follow the light

# Malvar, He, Cutler: green at red or blue; a colour at green, its neighbours left and right, or
# above and below (transposed); red at blue or blue at red. In eighths.
GREEN = np.array(
    [[0, 0, -1, 0, 0], [0, 0, 2, 0, 0], [-1, 2, 4, 2, -1], [0, 0, 2, 0, 0], [0, 0, -1, 0, 0]]
)
ALONG = np.array(
    [[0, 0, 0.5, 0, 0], [0, -1, 0, -1, 0], [-1, 4, 5, 4, -1], [0, -1, 0, -1, 0], [0, 0, 0.5, 0, 0]]
)
CROSS = np.array(
    [
        [0, 0, -1.5, 0, 0],
        [0, 2, 0, 2, 0],
        [-1.5, 0, 6, 0, -1.5],
        [0, 2, 0, 2, 0],
        [0, 0, -1.5, 0, 0],
    ]
)


def photograph(clean: Pixels, strength: float, seed: int = 0, quality: int | None = 90) -> Pixels:
    """What the camera makes of `clean`, (H, W, 3) uint8 sRGB; the same bytes for the same seed.

    strength: about the standard deviation of the noise of a middle gray in the result, on the
    scale 0 to 255; 0 for none. quality: of the JPEG, 1 to 95; None for no compression. The truth
    to compare with is `photograph(clean, 0.0, quality=None)`: optics and mosaic cost detail of
    which the photograph has nothing left.
    """
    scene = linear(clean / 255) @ np.linalg.inv(COLOURS).T / GAINS
    for axis in (0, 1):
        scene = correlate1d(scene, OPTICS, axis)
    raw = mosaic(scene)
    if strength > 0:
        raw = noisy(raw, strength, np.random.default_rng(seed))
    colours = (demosaicked(raw) * GAINS).clip(0, 1) @ COLOURS.T
    picture = np.round(255 * gamma(colours.clip(0, 1))).astype(np.uint8)
    return picture if quality is None else compressed(picture, quality)


def noisy(raw: Values, strength: float, rng: np.random.Generator) -> Values:
    """Raw values, (H, W), with the noise of photons and of reading, clipped at saturation only."""
    variance = (strength / AMPLIFIED / 255 / SLOPE) ** 2  # at middle gray
    photons = MIDDLE / ((1 - READ) * variance)  # in a raw value of 1
    read = rng.normal(0, np.sqrt(READ * variance), raw.shape)
    return np.asarray(rng.poisson(raw.clip(0) * photons) / photons + read).clip(None, 1)


def mosaic(scene: Values) -> Values:
    """One colour of (H, W, 3) a pixel, red and green in even rows, then green and blue: (H, W)."""
    raw = scene[..., 1].copy()
    raw[::2, ::2], raw[1::2, 1::2] = scene[::2, ::2, 0], scene[1::2, 1::2, 2]
    return raw


def demosaicked(raw: Values) -> Values:
    """All three colours at each pixel, (H, W, 3), of a mosaic (H, W)."""
    green, along, down, cross = (
        correlate(raw, kernel / 8, mode="mirror") for kernel in (GREEN, ALONG, ALONG.T, CROSS)
    )
    rows, columns = np.indices(raw.shape)
    red_row, red_column = rows % 2 == 0, columns % 2 == 0
    at_red, at_blue = red_row & red_column, ~red_row & ~red_column
    beside_red, beside_blue = red_row & ~red_column, ~red_row & red_column
    red = np.select([at_red, beside_red, beside_blue], [raw, along, down], cross)
    blue = np.select([at_blue, beside_blue, beside_red], [raw, along, down], cross)
    return np.stack([red, np.where(at_red | at_blue, green, raw), blue], -1)


def linear(srgb: Values) -> Values:
    """Linear light of sRGB values in [0, 1]."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def gamma(light: Values) -> Values:
    """sRGB values of linear light in [0, 1]."""
    high = 1.055 * np.maximum(light, 0.0031308) ** (1 / 2.4) - 0.055
    return np.where(light <= 0.0031308, 12.92 * light, high)


def compressed(picture: Pixels, quality: int) -> Pixels:
    """The picture after JPEG; colours at full size, since half cost 5 dB that noise did not."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality, subsampling=0)
    with Image.open(file) as decoded:
        return np.asarray(decoded.convert("RGB"))
