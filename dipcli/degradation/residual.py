"""What a restoration took away: noise looks like noise, structure looks like the picture.

    residual  =  observation - E[observation | result],   in standard deviations of the noise

Denoising is judged by this "method noise" where the truth is unknown (Buades, Coll, Morel,
CVPR 2005). Arrays are stacks of windows, (N, H, W, C) float32.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft2, next_fast_len, rfft2
from scipy.ndimage import gaussian_filter

from dipcli.degradation.noise import AWAY_FROM_CLIP, CORRELATED_EXCESS, Noise

LAGS = 3  # pixels; what a filter takes away by mistake hangs together over more than that
LEAST_INSIDE = 0.05  # share of values away from black and white, else all are taken

Values = NDArray[np.float32]


def deviation(noise: Noise, picture: Values) -> float:
    """The standard deviation of `noise` over `picture`, both on the scale of [0, 1].

    sqrt(mean(sigma^2 + gain x)); of correlated noise what it is, not what a filter is told.
    """
    if noise.kind == "photo":
        return noise.sigma / CORRELATED_EXCESS
    return math.sqrt(noise.sigma**2 + noise.gain * float(picture.mean()))


def standardized(
    observation: Values, result: Values, noise: Noise
) -> tuple[Values, NDArray[np.bool_]]:
    """(y - E[y]) / std[y] with y = clip(result + n), and which values clipping hardly touches.

    The second is True where the result is 2.5 standard deviations away from black and white.
    A noise that is none counts as one of the size of rounding to 8 bits.
    """
    if noise.kind == "photo" or noise.clean:
        mean = result
        std = np.full_like(result, max(deviation(noise, result), 0.29 / 255))
    else:
        x, expected, variance = (column.numpy() for column in noise.table())
        mean = np.interp(result, x, expected).astype(np.float32)
        std = np.sqrt(np.interp(result, x, variance)).astype(np.float32)
        std = np.maximum(std, np.float32(1e-4))
    margin = AWAY_FROM_CLIP * std
    inside = (result > margin) & (result < 1 - margin)
    if inside.mean() < LEAST_INSIDE:
        inside = np.ones_like(inside)
    return (observation - mean) / std, inside


def whiteness(residual: Values, inside: NDArray[np.bool_]) -> float:
    """1 for noise without correlation between neighbours, towards 0 with it.

    1 - sqrt(mean rho^2 - 1/n) over the autocorrelations rho at all lags within LAGS pixels:
    the portmanteau statistic of Box and Pierce (1970), freed of the 1/n that n white values
    have by chance, as a root mean square. 1 as well where the residual is constant.
    """
    z = np.where(inside, residual - residual.mean(where=inside), np.float32(0))
    products, pairs = autocorrelation(z), autocorrelation(inside.astype(np.float32))
    energy = float(products[0, 0])
    if energy <= 0:
        return 1.0
    lags = [(dy, dx) for dy in range(LAGS + 1) for dx in range(-LAGS, LAGS + 1)]
    later = [lag for lag in lags if lag > (0, 0)]  # the others are these, mirrored
    at = tuple(np.array(later).T)
    rho = products[at] / energy * pairs[0, 0] / np.maximum(pairs[at], 1)
    by_chance = 1 / float(pairs[0, 0])
    return max(0.0, 1 - math.sqrt(max(0.0, float(np.square(rho).mean()) - by_chance)))


def autocorrelation(windows: Values) -> Values:
    """Sums of products at each lag (dy, dx), negative ones from the end; over all windows.

    Wiener-Khinchin, with as many zeros as the largest lag around.
    """
    size = [next_fast_len(n + LAGS, real=True) for n in windows.shape[1:3]]
    power = np.zeros((size[0], size[1] // 2 + 1), np.float32)
    for window in windows:
        for channel in range(window.shape[2]):
            power += np.square(np.abs(rfft2(window[..., channel], size)))
    sums: Values = irfft2(power, size)
    return sums


def structure(residual: Values, inside: NDArray[np.bool_], result: Values) -> float:
    """How much of the result's own detail is in the residual: -1..1, 0 for noise.

    The larger correlation of two scales: the residual with the result less its blur by 1 pixel
    (what is left in both when a filter only shrinks noise and detail), and the residual blurred
    by 1 with the result less its blur by 2 (the outlines that smoothing takes away).
    """
    z = np.where(inside, residual - residual.mean(where=inside), np.float32(0))
    fine = correlation(z, result - blurred(result, 1), inside)
    coarse = correlation(blurred(z, 1), result - blurred(result, 2), inside)
    return max(fine, coarse)


def blurred(windows: Values, pixels: float) -> Values:
    """Each window and channel under a Gaussian of that standard deviation."""
    smooth: Values = gaussian_filter(windows, (0, pixels, pixels, 0), truncate=3.0)
    return smooth


def correlation(one: Values, other: Values, inside: NDArray[np.bool_]) -> float:
    """The cosine between two stacks over the values inside; 0 where one of them is nothing."""
    a, b = one[inside], other[inside]
    size = math.sqrt(float(a @ a) * float(b @ b))
    return float(a @ b) / size if size > 1e-9 else 0.0
