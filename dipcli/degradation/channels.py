"""The noise of each channel of a photograph as it follows the light of all channels.

A camera makes its picture's channels from those of the sensor, which see light of each other's:
so a channel that is dark beside bright ones has more noise than darkness explains. Where it is
clipped at black its mean rises, and saturated colours fade. Of a channel c in linear light u,

    variance = gain_c (own u_c + (1 - own) mean(u)) + floor_c,

all fitted to the flat blocks of the picture. Texture among these makes noise look stronger than
it is, so the law of a channel by itself (`degradation/photo.py`) is half believed, too. The exact
unbiased inverse of Makitalo and Foi (IEEE Trans. Image Processing 2011) is looked up for both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional as F

from dipcli.degradation.flat import blocks, without_plane
from dipcli.degradation.photo import Light, interpolated, to_light

SIDE = 6  # of the blocks; 8 gains 0.08 dB less at strength 25
FLATTEST, CORRECTION = 0.3, 1.5  # share of flat ones, variance of noise over theirs
VALUES, LIGHTS = 10, 4  # bins of a channel's value, and of all channels' light in each
GAINS = torch.logspace(-5, -0.8, 22)
FLOORS = torch.logspace(-6, -2, 17)
OWN = torch.tensor([1.0, 0.8, 0.6, 0.4, 0.2, 0.0])
CAUTION = 0.005  # cost of a floor e times that of the light's law, or a share of it
ENTRIES = 512  # of the tables, over [0, 1]
LEAST_VARIANCE, LARGEST_VARIANCE, LEVELS = 1e-7, 0.3, 28  # of variance
BELIEF = 0.6  # 18 cases: 0.8 and 1 gain as much at strength 25, and lose 0.1 dB more at 5
LEAST_SHARE = 0.25  # that values with unusually strong noise are weakened to
ROUNDS = 3  # of the fixed point: the light tells the variance, which tells the light


@dataclass(frozen=True)
class Channels:
    """Noise that was made even by `light`, and what each channel's is; see above.

    gains, floors: one a channel; own: in [0, 1].
    """

    light: Light
    own: float
    gains: tuple[float, ...]
    floors: tuple[float, ...]

    def variance(self, x: Tensor) -> Tensor:
        """Of the noise in linear light where the picture is x, (1, C, H, W); same shape."""
        u = to_light(x)
        gains, floors = (x.new_tensor(t).view(1, -1, 1, 1) for t in (self.gains, self.floors))
        return gains * torch.lerp(u.mean(1, keepdim=True), u, self.own) + floors

    def evened(self, y: Tensor) -> Tensor:
        """f(y) of a noisy picture, any shape, in [0, 1]."""
        return self.light.evened(y)

    def expected(self, x: Tensor) -> Tensor:
        """E[f(y)] where the picture without noise is x, (1, C, H, W); same shape, about."""
        found = between(tables(self.light)[0], x, self.variance(x))
        return torch.lerp(self.light.expected(x), found, BELIEF)

    def restored(self, z: Tensor) -> Tensor:
        """The picture without noise of which E[f(y)] is z, (1, C, H, W); same shape."""
        alone, inverse = self.light.restored(z), tables(self.light)[2]
        x = alone
        for _ in range(ROUNDS):
            x = between(inverse, z, self.variance(x))
        return torch.lerp(alone, x, BELIEF)


def weights(law: Light | Channels, x: Tensor, S: Tensor) -> Tensor | float:
    """What to multiply z by, (1, C, H, W), so that its noise is nowhere stronger than S says.

    x: the picture about without noise, (1, C, H, W); S: the covariance of a patch, (n, n).
    It changes slowly, so it leaves structure; 1 without `Channels`. kodim03 at strength 5: +1.3
    dB, four others +0.1 to 0.4, phones 0.
    """
    if isinstance(law, Light):
        return 1.0
    usual = S.diagonal().view(x.shape[1], -1).mean(1).sqrt().view(1, -1, 1, 1)
    stds = (between(tables(law.light)[1], x, law.variance(x)) / 2).exp()
    share = F.pad((usual / stds).clamp(LEAST_SHARE, 1), (2,) * 4, mode="replicate")
    return F.avg_pool2d(share, 5, 1)


def channels_of(y: Tensor, light: Light) -> Channels:
    """How the noise in y, (1, C, H, W) in [0, 1], C > 1, follows the light of all channels.

    light: the law of a channel by itself, not absent.
    """
    gains, floors, own = torch.meshgrid(GAINS, FLOORS, OWN, indexing="ij")
    costs = []
    for value, gray, energy in summary(light.evened(y), light):
        z, x = value.expand(*own.shape, -1), light.restored(value)
        _, energies, inverse = tables(light)
        for _ in range(ROUNDS):
            u = torch.lerp(gray, to_light(x), own[..., None])
            variance = gains[..., None] * u + floors[..., None]
            x = between(inverse, z, variance)
        apart = between(energies, x, variance) - energy.log()
        unlike = (floors / max(light.floor, float(FLOORS[0]))).log()
        costs.append(apart.abs().mean(-1) + CAUTION * unlike.abs())
    best = int(torch.stack([cost.amin((0, 1)) for cost in costs]).sum(0).argmin())
    found = [divmod(int(cost[..., best].argmin()), len(FLOORS)) for cost in costs]
    return Channels(
        light,
        float(OWN[best]),
        tuple(float(GAINS[gain]) for gain, _ in found),
        tuple(float(FLOORS[floor]) for _, floor in found),
    )


def summary(z: Tensor, light: Light) -> list[tuple[Tensor, Tensor, Tensor]]:
    """Value, light of all channels and energy of the noise in each bin, (B,); of each channel.

    z: a picture made even, (1, C, H, W).
    """
    found = blocks(z, SIDE)
    energies, values = without_plane(found).square().mean((2, 3)), found.mean((2, 3))
    gray = to_light(light.restored(values)).mean(1)
    channels = []
    for value, energy in zip(values.T, energies.T, strict=True):
        rows = []
        for alike in value.argsort().chunk(VALUES):
            for one in alike[gray[alike].argsort()].chunk(LIGHTS):
                flat = energy[one].sort().values[: max(2, int(FLATTEST * len(one)))]
                noise = (CORRECTION * flat.mean()).clamp_min(1e-12)
                rows.append(torch.stack([value[one].mean(), gray[one].mean(), noise]))
        value, light_of_all, noise = torch.stack(rows).T
        channels.append((value, light_of_all, noise))
    return channels


@lru_cache(maxsize=4)
def tables(light: Light) -> tuple[Tensor, Tensor, Tensor]:
    """By variance in linear light, least to largest, and over [0, 1]: (LEVELS, ENTRIES) each.

    E[f(y)] and the logarithm of the variance of f(y) where the picture is x, and the x of which
    E[f(y)] is z.
    """
    x = torch.linspace(0, 1, ENTRIES, dtype=torch.float64)
    means, energies, inverse = [], [], []
    for level in (
        torch.linspace(math.log(LEAST_VARIANCE), math.log(LARGEST_VARIANCE), LEVELS).exp().tolist()
    ):
        mean, std = Light(0.0, level).expectations(x, light.forward)
        mean = mean.cummax(0).values + 1e-9 * x
        means.append(mean)
        energies.append(2 * std.clamp_min(1e-6).log())
        inverse.append(interpolated(x, mean, x))
    means_, energies_, inverse_ = (torch.stack(t).float() for t in (means, energies, inverse))
    return means_, energies_, inverse_


def between(table: Tensor, at: Tensor, variance: Tensor) -> Tensor:
    """The values of a table, see `tables`, at points of [0, 1] and variances; both any shape."""
    table = table.to(at.device)
    step = math.log(LARGEST_VARIANCE / LEAST_VARIANCE) / (LEVELS - 1)
    row = ((variance.clamp(LEAST_VARIANCE, LARGEST_VARIANCE) / LEAST_VARIANCE).log() / step).clamp(
        0, LEVELS - 1.001
    )
    column = (at.clamp(0, 1) * (ENTRIES - 1)).clamp(0, ENTRIES - 1.001)
    top, left = row.long(), column.long()
    down, right = row - top, column - left
    first, flat = top * ENTRIES + left, table.flatten()
    above = torch.lerp(flat[first], flat[first + 1], right)
    below = torch.lerp(flat[first + ENTRIES], flat[first + ENTRIES + 1], right)
    return torch.lerp(above, below, down)
