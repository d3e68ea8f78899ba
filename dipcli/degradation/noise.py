"""The noise of a picture, from the picture: how strong, how it follows the signal, whether it
is correlated; and what clipping to [0, 1] does to it.

    y = clip(x + n),   n ~ N(0, sigma^2 + gain x)

Estimate: the smallest eigenvalues of the covariance of small colour patches hold noise and no
picture (Chen, Zhu, Heng, ICCV 2015); the energy of each patch along their eigenvectors,
against its mean, gives the dependence on the signal. Camera noise is smooth after demosaicking
and compression, so its smallest eigenvalues vanish; then the flattest blocks tell its strength.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

PATCH = 5  # pixels; 75 values in colour
MOST_PATCHES = 60_000  # enough for a covariance of 75 x 75
LEAST_SIDE = 2 * PATCH
AWAY_FROM_CLIP = 2.5  # standard deviations between a patch's mean and black or white
BLOCK = 16  # pixels; holds the wavelengths of camera noise
FLATTEST = 0.1  # share of the blocks that are taken to be flat
CORRELATED_BELOW = 2.0 / 255  # an eigenvalue sigma that no uncorrelated visible noise has
CORRELATED_EXCESS = 2.0  # a patch filter meets correlated noise at this multiple of its sigma
VISIBLE = 0.4 / 255  # the rounding to 8 bits alone is 0.29
SIGNAL_DEPENDENT = 0.5  # the gain counts where it changes the variance by this much of its mean
_ENTRIES = 2**16  # of the table from expectations to true values
_VARIANCES = 2**14  # of that from expectations to variances
_SPAN = 0.6  # the true value x is sought in [-_SPAN, 1 + _SPAN]


@dataclass(frozen=True)
class Noise:
    """sigma: standard deviation at black, on the scale of [0, 1]; gain: variance per unit of x.

    kind: "gaussian", "poisson" (gain > 0) or "photo" (correlated between neighbours; sigma is
    then what a filter that believes in uncorrelated noise has to be told).
    """

    sigma: float
    gain: float = 0.0
    kind: str = "gaussian"

    @property
    def clean(self) -> bool:
        """Whether there is no noise at all."""
        return self.sigma == 0 and self.gain == 0

    def table(self) -> tuple[Tensor, Tensor, Tensor]:
        """x, E[clip(x + n)] and Var[clip(x + n)] on a fine grid, float64, (N,) each."""
        x = torch.linspace(-_SPAN, 1 + _SPAN, 2201, dtype=torch.float64)
        std = (self.sigma**2 + self.gain * x.clamp(0, 1)).clamp_min(1e-12).sqrt()
        low, high = -x / std, (1 - x) / std
        at_black, at_white, above = _pdf(low), _pdf(high), _cdf(high)
        inside, above = above - _cdf(low), 1 - above
        mean = x * inside + std * (at_black - at_white) + above
        square = (x**2 + std**2) * inside + std * (x * at_black - (x + 1) * at_white)
        variance = square + above - mean**2
        return x, mean, variance.clamp_min(0)

    def variance(self, mean: Tensor) -> Tensor:
        """The variance of observed values whose expectation is `mean`; same shape."""
        if self.kind == "photo":
            return torch.full_like(mean, self.sigma**2)
        return _looked_up(variances(self), mean)

    def expected(self, x: Tensor) -> Tensor:
        """E[clip(x + n)]; same shape; n independent between neighbours, as in `drawn`."""
        xs, means, _ = self.table()
        return _interpolate(x, xs, means)

    def drawn(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """clip(x + n) with n drawn by `generator`, on the CPU; same shape and device."""
        n = torch.randn(x.shape, generator=generator).to(x.device)
        return (x + n * (self.sigma**2 + self.gain * x).sqrt()).clamp(0, 1)

    def unclipped(self, mean: Tensor) -> Tensor:
        """The x whose clipped noisy value has the expectation `mean`; same shape, in [0, 1]."""
        if self.kind == "photo":
            return mean.clamp(0, 1)
        return _looked_up(unclipping(self), mean)


@lru_cache(maxsize=4)
def unclipping(noise: Noise) -> Tensor:
    """The x of expectations from 0 to 1 in equal steps: looked up forty times as fast as found."""
    x, means, _ = noise.table()
    return _interpolate(torch.linspace(0, 1, _ENTRIES + 1), means, x).clamp(0, 1)


@lru_cache(maxsize=4)
def variances(noise: Noise) -> Tensor:
    """The variances of values of these expectations, likewise."""
    _, means, found = noise.table()
    return _interpolate(torch.linspace(0, 1, _VARIANCES + 1), means, found)


def _looked_up(table: Tensor, at: Tensor) -> Tensor:
    """The nearest entry of a table over [0, 1], (N,), for each value; same shape."""
    last = len(table) - 1
    entry = torch.add(0.5, at, alpha=last).clamp_(0, last).to(torch.int32)
    return table.to(at.device).index_select(0, entry.flatten()).view(at.shape)


def estimate(observation: NDArray[np.float32], kind: str = "white") -> Noise:
    """The noise of `observation`, (H, W, C) float32 in [0, 1].

    kind: "white" decides between "gaussian" and "poisson"; these and "photo" are believed. A
    picture too small to say anything is taken as clean.
    """
    if min(observation.shape[:2]) < LEAST_SIDE:
        return Noise(0.0)
    if kind == "photo":
        flat = flat_deviation(observation)
        strength = flat if flat > VISIBLE else 0.0
        return Noise(CORRELATED_EXCESS * strength, kind="photo")
    return law(*patch_energies(observation), kind)


def law(
    mean: NDArray[np.float32], energy: NDArray[np.float32], sigma: float, kind: str = "white"
) -> Noise:
    """The noise that explains what `patch_energies` found; kind: as for `estimate`."""
    floor, gain = line(mean, energy)
    change = gain * float(mean.max() - mean.min()) / max(float(energy.mean()), 1e-12)
    if kind == "poisson" or (kind == "white" and change > SIGNAL_DEPENDENT):
        return calibrated(
            Noise(math.sqrt(max(floor, 0.0)), max(gain, 0.0), "poisson"), mean, energy
        )
    return calibrated(Noise(sigma), mean, energy)


def patch_energies(
    observation: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32], float]:
    """Mean and noise energy of each usable patch, (N,) each, and the overall sigma."""
    views = np.lib.stride_tricks.sliding_window_view(observation, (PATCH, PATCH), axis=(0, 1))
    rows, columns = views[::2, ::2].shape[:2]
    chosen = np.arange(0, rows * columns, max(1, rows * columns // MOST_PATCHES))
    patches = views[2 * (chosen // columns), 2 * (chosen % columns)]  # before any copy
    patches = np.ascontiguousarray(patches).reshape(len(chosen), -1, PATCH * PATCH)
    means = patches.mean(2)
    values = patches.reshape(len(patches), -1)
    sigma, before = 0.1, np.zeros(len(means), bool)
    for _ in range(4):  # sigma decides which patches clipping spares, and they decide sigma
        usable = away_from_clip(means, sigma, 20 * values.shape[1])
        if np.array_equal(usable, before):  # it would go on like this
            break
        variance, vectors = noise_subspace(values[usable])
        sigma, before = math.sqrt(variance), usable
    kept = values[usable]
    along = (kept - kept.mean(0)) @ vectors
    return means[usable].mean(1), np.square(along).mean(1), sigma


def away_from_clip(means: NDArray[np.float32], sigma: float, least: int) -> NDArray[np.bool_]:
    """Which patches have all channel means, (N, C), well inside (0, 1); all if too few."""
    for distance in (AWAY_FROM_CLIP, AWAY_FROM_CLIP / 2):
        margin = distance * sigma
        inside: NDArray[np.bool_] = np.all((means > margin) & (means < 1 - margin), axis=1)
        if inside.sum() >= least:
            return inside
    return np.ones(len(means), bool)


def noise_subspace(values: NDArray[np.float32]) -> tuple[float, NDArray[np.float64]]:
    """The noise variance of patches (N, n), and the eigenvectors that hold only noise.

    The largest eigenvalues are left out until the mean of the rest is their median.
    """
    centred = (values - values.mean(0)).astype(np.float64)
    eigenvalues, vectors = np.linalg.eigh(centred.T @ centred / max(1, len(values) - 1))
    for count in range(len(eigenvalues), 0, -1):
        rest = eigenvalues[:count]
        if (rest > rest.mean()).sum() >= (rest < rest.mean()).sum():
            break
    return max(float(rest.mean()), 0.0), vectors[:, :count]


def line(mean: NDArray[np.float32], energy: NDArray[np.float32]) -> tuple[float, float]:
    """energy = floor + gain * mean, least squares over bins of equal count."""
    order = np.argsort(mean)
    bins = [part for part in np.array_split(order, 12) if len(part)]
    at = np.array([mean[part].mean() for part in bins])
    of = np.array([energy[part].mean() for part in bins])
    gain, floor = np.polyfit(at, of, 1) if np.ptp(at) > 1e-3 else (0.0, of.mean())
    return float(floor), float(gain)


def calibrated(noise: Noise, mean: NDArray[np.float32], energy: NDArray[np.float32]) -> Noise:
    """The same law, scaled so that clipping explains what is missing of the energy."""
    observed = float(energy.mean())
    for _ in range(4):
        expected = float(noise.variance(torch.from_numpy(mean)).mean())
        if expected <= 0:
            break
        ratio = min(2.0, max(0.5, observed / expected))
        noise = Noise(noise.sigma * math.sqrt(ratio), noise.gain * ratio, noise.kind)
    return noise


def deviations(noise: Noise, mean: NDArray[np.float32]) -> NDArray[np.float32]:
    """The standard deviations of observed values whose expectations are `mean`; same shape."""
    found: NDArray[np.float32] = noise.variance(torch.from_numpy(mean)).sqrt().numpy()
    return np.maximum(found, np.float32(1e-6))


def flat_deviation(observation: NDArray[np.float32]) -> float:
    """The standard deviation inside the flattest blocks, all channels together."""
    height, width = (max(n // BLOCK, 1) * min(BLOCK, n) for n in observation.shape[:2])
    rows, columns = min(BLOCK, height), min(BLOCK, width)
    blocks = observation[:height, :width].reshape(
        height // rows, rows, width // columns, columns, -1
    )
    variances = blocks.var((1, 3)).mean(-1).ravel()
    return math.sqrt(float(np.quantile(variances, FLATTEST)))


def _cdf(z: Tensor) -> Tensor:
    return 0.5 * (1 + torch.erf(z / math.sqrt(2)))


def _pdf(z: Tensor) -> Tensor:
    return torch.exp(-0.5 * z**2) / math.sqrt(2 * math.pi)


def _interpolate(at: Tensor, xs: Tensor, ys: Tensor) -> Tensor:
    """Piecewise linear y(x) through (xs, ys), xs not decreasing; constant beyond the ends."""
    xs, ys = xs.to(at.device, torch.float32), ys.to(at.device, torch.float32)
    right = torch.searchsorted(xs, at.detach().contiguous()).clamp(1, len(xs) - 1)
    x0, x1, y0, y1 = xs[right - 1], xs[right], ys[right - 1], ys[right]
    share = ((at - x0) / (x1 - x0).clamp_min(1e-9)).clamp(0, 1)
    return torch.lerp(y0, y1, share)
