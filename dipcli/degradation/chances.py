"""The chances that decisions ask for: of scipy.special, as importing scipy.stats takes 0.4 s."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import bdtrc, gammaincinv, log_ndtr

_LOG_ROOT = math.log(math.sqrt(2 * math.pi))

Values = NDArray[np.float64]


@lru_cache(maxsize=64)
def chi2_quantile(share: float, freedom: int) -> float:
    """What a chi-squared value of so many degrees of freedom stays below with the chance `share`.

    The distribution function is the regularised incomplete gamma function P(freedom / 2, x / 2).
    """
    return 2 * float(gammaincinv(freedom / 2, share))


def normal_log_density(y: ArrayLike, mean: ArrayLike, deviation: ArrayLike) -> Values:
    """log p(y) of a normal distribution, float64; the arguments are broadcast."""
    away = _standardized(y, mean, deviation)
    found: Values = -np.square(away) / 2 - _LOG_ROOT - np.log(deviation)
    return found


def normal_log_below(y: ArrayLike, mean: ArrayLike = 0.0, deviation: ArrayLike = 1.0) -> Values:
    """log P(value < y) of a normal distribution, float64, far in the tail, too."""
    found: Values = log_ndtr(_standardized(y, mean, deviation))
    return found


def normal_log_above(y: ArrayLike, mean: ArrayLike = 0.0, deviation: ArrayLike = 1.0) -> Values:
    """log P(value > y) of a normal distribution, float64, far in the tail, too."""
    found: Values = log_ndtr(-_standardized(y, mean, deviation))
    return found


def _standardized(y: ArrayLike, mean: ArrayLike, deviation: ArrayLike) -> Values:
    return np.asarray((np.asarray(y) - np.asarray(mean)) / np.asarray(deviation), np.float64)


def binomial_quantile(above: float, trials: int, rate: float) -> np.float64:
    """The least k with P(more than k hits of `trials`) <= above; rate: the chance of each hit."""
    counts = np.arange(trials + 1)
    return np.float64(np.argmax(bdtrc(counts, trials, rate) <= above))


def ranks(values: NDArray[np.generic]) -> Values:
    """The ranks of (N,) values, from 1 on, float64; equal ones share the mean of theirs."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    means: Values = np.cumsum(counts) - (counts - 1) / 2
    return means[places]
