"""The noise of a photograph as it follows the light: measured, evened out, and its bias undone.

The noise of a sensor's values u, in linear light, is Poisson-Gaussian; the picture shows them
through the gamma curve (Foi et al., IEEE Trans. Image Processing 2008; sRGB, IEC 61966-2-1):

    y = gamma(clip(u + n)),    n ~ N(0, gain u + floor)

So dark parts are noisier than bright ones, and the mean of y is not gamma(u). A curve f with
f'(v) = 1 / std(v) makes the noise even (Anscombe 1948); f is looked up in tables, and so is u,
given the mean of f(y) (the exact unbiased inverse of Makitalo and Foi, 2011).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import torch
from torch import Tensor

from dipcli.degradation.flat import blocks, without_plane

ENTRIES = 2**12  # of the tables
GAINS = torch.logspace(-7, -1, 25, dtype=torch.float64)  # variance per unit of light
FLOORS = torch.logspace(-8, -2, 25, dtype=torch.float64)  # variance without light
LEAST_STD = 0.3  # of the median: where clipping leaves no noise of one colour, others leave some
SIDE = 8  # of the blocks that tell how strong noise is; small, to lie between edges
FLATTEST = 0.02  # share of the blocks of one brightness that are taken to be flat
CORRECTION = 1.7  # the variance of noise over that of the flattest blocks
LEVELS, WIDTH, LEAST_BLOCKS = 25, 0.06, 25  # of brightness: how many, how wide, how well known
ABOVE, FARTHEST = 0.3, 2.5  # cost of a level above the law, to (1 - ABOVE) below; its end
SPREAD, POINTS = 4.0, 129  # standard deviations on both sides, and where a Gaussian is summed


def to_light(v: Tensor) -> Tensor:
    """Linear light of sRGB values in [0, 1]."""
    return torch.where(v <= 0.04045, v / 12.92, ((v.clamp_min(0) + 0.055) / 1.055) ** 2.4)


def from_light(u: Tensor) -> Tensor:
    """sRGB values of linear light in [0, 1]."""
    return torch.where(
        u <= 0.0031308, 12.92 * u, 1.055 * u.clamp_min(0.0031308) ** (1 / 2.4) - 0.055
    )


@dataclass(frozen=True)
class Light:
    """How the noise follows the light: its variance in linear light is gain u + floor.

    Both 0: it does not, and the picture is left as it is.
    """

    gain: float
    floor: float

    def expectations(self, x: Tensor, of: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """E and standard deviation of y where the picture is x, float64; (N,) each.

        of: (ENTRIES,), a table over [0, 1] of what is expected instead of y itself.
        """
        u = to_light(x.double())[:, None]
        at = torch.linspace(-SPREAD, SPREAD, POINTS, dtype=torch.float64)
        weights = torch.exp(-0.5 * at.square())
        weights /= weights.sum()
        y = from_light((u + at * (self.gain * u + self.floor).sqrt()).clamp(0, 1))
        y = y if of is None else looked_up(of, y)
        mean = y @ weights
        return mean, ((y - mean[:, None]).square() @ weights).sqrt()

    @cached_property
    def forward(self) -> Tensor:
        """f over [0, 1], from 0 to 1, (ENTRIES,) float64."""
        x = torch.linspace(0, 1, ENTRIES, dtype=torch.float64)
        mean, std = self.expectations(x)
        least = LEAST_STD * std.median()
        slope = 1 / interpolated(x, mean, std).clamp_min(least)
        f = torch.cat([slope.new_zeros(1), ((slope[1:] + slope[:-1]) / 2).cumsum(0)])
        return f / f[-1]

    @cached_property
    def backward(self) -> tuple[Tensor, Tensor]:
        """E[f(y)] where the picture is x, rising, and x: two tables of (ENTRIES,) float64."""
        x = torch.linspace(0, 1, ENTRIES, dtype=torch.float64)
        mean, _ = self.expectations(x, self.forward)
        return mean.cummax(0).values + 1e-9 * x, x

    @property
    def absent(self) -> bool:
        """Whether the noise does not follow the light."""
        return self.gain == 0 and self.floor == 0

    def evened(self, y: Tensor) -> Tensor:
        """f(y) of a noisy picture, any shape, in [0, 1]: its noise is everywhere as strong."""
        return y if self.absent else looked_up(self.forward, y)

    def expected(self, x: Tensor) -> Tensor:
        """E[f(y)] where the picture without noise is x; same shape."""
        if self.absent:
            return x
        means, at = self.backward
        return interpolated(x, at, means)

    def restored(self, z: Tensor) -> Tensor:
        """The picture without noise of which E[f(y)] is z; same shape, in [0, 1]."""
        if self.absent:
            return z
        means, at = self.backward
        return interpolated(z, means, at)


def light_of(y: Tensor) -> Light | None:
    """The law that noise in y, (1, C, H, W), follows; None where no brightness is well known.

    It lies along the lower envelope of the energies of blocks: texture adds to them.
    """
    at, energy, count = levels(y)
    if not len(at):
        return None
    means, stds = laws()
    expected = torch.stack(
        [interpolated(at, m, s) for m, s in zip(means, stds, strict=True)]
    ).clamp_min(1e-6)
    excess = (CORRECTION * energy).clamp_min(1e-8).log() - 2 * expected.log()
    cost = torch.where(excess > 0, ABOVE * excess.clamp_max(FARTHEST), (ABOVE - 1) * excess)
    best = int((cost @ count.sqrt()).argmin())
    return Light(float(GAINS[best // len(FLOORS)]), float(FLOORS[best % len(FLOORS)]))


def levels(y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Mean, energy of the flattest blocks and number of blocks, of each brightness: (L,) each.

    Channels count as blocks of their own.
    """
    found = blocks(y, SIDE)
    mean = found.mean((2, 3)).flatten()
    energy = without_plane(found).square().mean((2, 3)).flatten()
    known = []
    for level in torch.linspace(WIDTH / 3, 1 - WIDTH / 3, LEVELS).tolist():
        near = ((mean - level).abs() < WIDTH / 2) & (mean > WIDTH / 6) & (mean < 1 - WIDTH / 6)
        count = int(near.sum())
        if count >= LEAST_BLOCKS:
            flat = energy[near].quantile(max(FLATTEST, 2 / count))
            known.append((float(mean[near].mean()), float(flat), float(count)))
    columns = torch.tensor(known, dtype=torch.float64).reshape(-1, 3)
    return columns[:, 0], columns[:, 1], columns[:, 2]


@lru_cache(maxsize=1)
def laws() -> tuple[list[Tensor], list[Tensor]]:
    """Means and standard deviations of y along the brightness, for each gain and each floor."""
    x = torch.linspace(0.005, 0.995, 64, dtype=torch.float64)
    found = [Light(float(g), float(f)).expectations(x) for g in GAINS for f in FLOORS]
    return [mean for mean, _ in found], [std for _, std in found]


def looked_up(table: Tensor, v: Tensor) -> Tensor:
    """Values between those of a table over [0, 1], (N,), at v, any shape; of v's dtype."""
    return interpolated(v, torch.linspace(0, 1, len(table), dtype=torch.float64), table)


def interpolated(v: Tensor, xs: Tensor, ys: Tensor) -> Tensor:
    """Piecewise linear through (xs, ys), xs rising; constant beyond the ends; of v's dtype."""
    xs, ys, at = xs.to(v.device), ys.to(v.device), v.detach().double().contiguous()
    right = torch.searchsorted(xs, at).clamp(1, len(xs) - 1)
    x0, x1 = xs[right - 1], xs[right]
    share = ((at - x0) / (x1 - x0).clamp_min(1e-12)).clamp(0, 1)
    return torch.lerp(ys[right - 1], ys[right], share).to(v.dtype)
