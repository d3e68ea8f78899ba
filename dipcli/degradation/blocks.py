"""What small blocks of a picture tell about its noise: how rough the flattest are, and how.

Noise is there in the flattest blocks, too, and texture is not; so their roughness bounds the
noise from above. What noise and texture have that is as weak differs in shape: noise has the
distribution of a Gaussian, no direction and no long waves, and hardly grows with the block.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dctn

from dipcli.degradation.chances import chi2_quantile

SMALL, LARGE = 8, 16  # pixels, the sides of the blocks
LEAST_INNER_BLOCKS = 24  # blocks away from black and white; with fewer all are taken
MOST_PIXELS = 2_000_000  # of what is looked at; of a larger picture rows of blocks are left out
NEAR_CLIP = 1.5 / 255  # a block that comes as near to black or white has lost some of its noise
BOUNDS = (0.005, 0.02)  # the quantiles of roughness that bound the noise
MARGIN = 1.05  # of the bound, for the chance of few blocks
FLATTEST = 0.1  # share of the large blocks whose shape is looked at
CONFORMING = 1.35  # times the roughness of the flattest: what a block of noise alone stays below
FLAT = 0.2  # share of the small blocks whose spectrum is looked at
MIDDLE, HIGH = (2.5, 5.0), 5  # of the frequencies 0 to 7
LEAST_POWER = 1e-3 / 255**2
PER_BIN = 40  # blocks of about one brightness
MOST_BINS = 8

Values = NDArray[np.float32]

# Brightness, red against blue, green against both; orthonormal, so that noise stays as it is
_OPPONENT = np.array([[1, 1, 1], [1, 0, -1], [1, -2, 1]], np.float32)
_OPPONENT /= np.linalg.norm(_OPPONENT, axis=1, keepdims=True)


@dataclass(frozen=True)
class Blocks:
    """Blocks of one size, a plane taken off each.

    rough: (K, N) standard deviations of K planes in N blocks, brightness first; mean: (N,) over
    the channels, in [0, 1]; values: (N, K, side, side), the plane taken off.
    """

    rough: Values
    mean: Values
    values: Values


def blocks(observation: Values, side: int) -> Blocks:
    """The blocks of (H, W, C) in [0, 1] that are away from black and white, of all if too few.

    They overlap by half in a small picture, which has few.
    """
    height, width = observation.shape[:2]
    step = side if height * width > 128 * 128 else side // 2
    skip = max(1, height * width // MOST_PIXELS)
    windows = np.lib.stride_tricks.sliding_window_view(observation, (side, side), axis=(0, 1))
    windows = windows[:: step * skip, ::step].reshape(-1, observation.shape[2], side, side)
    inside = (windows.min((1, 2, 3)) > NEAR_CLIP) & (windows.max((1, 2, 3)) < 1 - NEAR_CLIP)
    if inside.sum() >= LEAST_INNER_BLOCKS:
        windows = windows[inside]
    mean = windows.mean((1, 2, 3))
    if windows.shape[1] == 3:
        windows = np.einsum("oc,nchw->nohw", _OPPONENT, windows)
    rest = flattened(windows.reshape(len(windows), -1, side * side), side)
    rough = np.sqrt(np.square(rest).sum(2) / (side * side - 3)).T
    return Blocks(rough, mean, rest.reshape(len(rest), -1, side, side))


def flattened(values: Values, side: int) -> Values:
    """Blocks (..., side side) less the plane that fits each best."""
    at = np.linspace(-1, 1, side, dtype=np.float32)
    x, y = np.meshgrid(at, at)
    basis, _ = np.linalg.qr(np.stack([np.ones_like(x), x, y]).reshape(3, -1).T)
    rest: Values = values - (values @ basis) @ basis.T
    return rest


def bound(rough: Values, side: int) -> float:
    """What white noise can be at most, if the flattest blocks have standard deviations `rough`.

    Of N blocks of noise alone the least is lower than the noise by chance, which is taken off.
    """
    freedom = side * side - 3
    found = [
        float(np.quantile(rough, share)) / math.sqrt(chi2_quantile(share, freedom) / freedom)
        for share in BOUNDS
    ]
    return MARGIN * min(found)


def conforming(rough: Values, mean: Values) -> float:
    """The share of blocks that are about as rough as the flattest of their brightness."""
    bins = max(1, min(MOST_BINS, len(mean) // PER_BIN))
    parts = np.array_split(np.argsort(mean), bins)
    near = [rough[part] < CONFORMING * np.quantile(rough[part], BOUNDS[1]) for part in parts]
    return float(np.concatenate(near).mean())


@dataclass(frozen=True)
class Shape:
    """How the roughness of the flattest blocks looks; in brackets what camera noise has.

    kurtosis: 3 for a Gaussian (2.8 to 4.7); direction: how far each block's gradients differ
    across and along (up to 0.1); slant: the same over all blocks (up to 0.06); near, far:
    correlation of pixels 1 and 4 apart (0.3 to 0.7; within 0.06).
    """

    kurtosis: float
    direction: float
    slant: float
    near: float
    far: float


def shape(of: Blocks) -> Shape:
    """The shape of the flattest FLATTEST of the blocks."""
    rough = of.rough[0]
    flat = of.values[rough <= np.quantile(rough, FLATTEST), 0]
    flat = flat / np.maximum(flat.std((1, 2), keepdims=True), 1e-6)
    across, along = np.diff(flat, axis=2), np.diff(flat, axis=1)
    one, other = np.square(across).mean((1, 2)), np.square(along).mean((1, 2))
    apart = [(flat[:, :, n:] * flat[:, :, :-n]).mean() for n in (1, 4)]
    below = [(flat[:, n:] * flat[:, :-n]).mean() for n in (1, 4)]
    return Shape(
        kurtosis=float(np.mean(flat**4)),
        direction=float(np.mean(np.abs(one - other) / np.maximum(one + other, 1e-9))),
        slant=float(abs(apart[0] - below[0])),
        near=float(apart[0] + below[0]) / 2,
        far=float(apart[1] + below[1]) / 2,
    )


def tilt(of: Blocks) -> float:
    """How many times as much power middle frequencies have as high ones, in the flattest blocks.

    The least of all planes: 1 for white noise; demosaicking and coding leave hardly any power at
    high frequencies, in any plane. Texture has such a spectrum, too, but seldom in colours.
    """
    rough, side = of.rough[0], of.values.shape[-1]
    count = max(LEAST_INNER_BLOCKS, int(FLAT * len(rough)))
    spectra = dctn(of.values[np.argsort(rough)[:count]], axes=(2, 3), norm="ortho")
    power = np.square(spectra, dtype=np.float64).mean(0)
    down, across = np.indices((side, side)) * (8 / side)
    radius = np.hypot(down, across)
    middle = power[:, (radius >= MIDDLE[0]) & (radius < MIDDLE[1])].mean(1)
    high = power[:, (down >= HIGH) & (across >= HIGH)].mean(1)
    return float((middle / np.maximum(high, LEAST_POWER)).min())


def halved(observation: Values) -> Values:
    """Means over 2 x 2 of (H, W, C); an odd last row or column is left out."""
    height, width = (n // 2 * 2 for n in observation.shape[:2])
    part = observation[:height, :width]
    quarters = (part[::2, ::2], part[1::2, ::2], part[::2, 1::2], part[1::2, 1::2])
    mean: Values = sum(quarters[1:], quarters[0]) / np.float32(4)
    return mean
