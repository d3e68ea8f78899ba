"""What a filter with a guide has to know of noise: where it is even, and its covariance there.

All pictures are (1, C, H, W) float32 in [0, 1].
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from dipcli.degradation.channels import Channels, weights
from dipcli.degradation.noise import Noise
from dipcli.degradation.photo import Light
from dipcli.patches.correlated import lawful
from dipcli.patches.passes import LEAST_VARIANCE, matched_patch


class Law(Protocol):
    """What is known of the noise, and the scale on which it is even."""

    def evened(self, y: Tensor) -> Tensor:
        """The noisy picture on that scale."""

    def expected(self, x: Tensor) -> Tensor:
        """What is expected there where the picture without noise is x."""

    def restored(self, z: Tensor) -> Tensor:
        """The picture without noise, given what is expected there."""

    def weight(self, x: Tensor) -> Tensor | float:
        """By what all of it is multiplied where the picture is x, so that S holds."""

    def covariance(self, patch: int) -> Tensor:
        """S of a patch, (C p p, C p p)."""

    def below(self) -> Law:
        """The same for the picture reduced by two."""


@dataclass(frozen=True)
class White:
    """Noise that neighbours do not share; `left` of its variance is left."""

    noise: Noise
    channels: int
    left: float = 1.0

    def evened(self, y: Tensor) -> Tensor:
        """As it is: weights even it."""
        return y

    def expected(self, x: Tensor) -> Tensor:
        """As it is: E[y] is what is sought."""
        return x

    def restored(self, z: Tensor) -> Tensor:
        """Within black and white."""
        return z.clamp(0, 1)

    def weight(self, x: Tensor) -> Tensor | float:
        """One over the standard deviation of the noise."""
        return self.noise.variance(x).clamp_min(LEAST_VARIANCE).rsqrt()

    def covariance(self, patch: int) -> Tensor:
        """White, of what is left."""
        return self.left * torch.eye(self.channels * patch * patch)

    def below(self) -> White:
        """A quarter is left of means over 2 x 2."""
        return White(self.noise, self.channels, self.left / 4)


@dataclass(frozen=True)
class Shared:
    """Noise that neighbours share: `correlated.covariances` of the picture, not empty."""

    found: tuple[Tensor, ...]
    channels: int
    level: int = 0

    def evened(self, y: Tensor) -> Tensor:
        """By the light."""
        return self.law.evened(y)

    def expected(self, x: Tensor) -> Tensor:
        """By the light."""
        return self.law.expected(x)

    def restored(self, z: Tensor) -> Tensor:
        """By the light."""
        return self.law.restored(z)

    @property
    def law(self) -> Light | Channels:
        """How the noise follows the light."""
        gain, floor, _, *channels = self.found[0].tolist()
        return lawful(gain, floor, *channels)

    def weight(self, x: Tensor) -> Tensor | float:
        """As for the filter without a guide, and to a deviation of 1."""
        even = 1.0 if self.level else weights(self.law, x, self.found[1])
        return even / self.deviation()

    def covariance(self, patch: int) -> Tensor:
        """Of the corner of a larger patch."""
        side, b = matched_patch(self.channels), float(self.found[0][2])
        shape = (self.channels, side, side)
        whole = self.measured().view(*shape, *shape)
        corner = whole[:, :patch, :patch, :, :patch, :patch]
        size = self.channels * patch * patch
        return b / float(self.measured().diagonal().mean()) * corner.reshape(size, size)

    def below(self) -> Shared:
        """As measured at half size; from there on noise falls alike from level to level."""
        return Shared(self.found, self.channels, self.level + 1)

    def measured(self) -> Tensor:
        """The covariance of a large patch that was measured for this level, or above it."""
        return self.found[1 + min(self.level, 1)]

    def deviation(self) -> float:
        """Of the noise of a value."""
        full, half = (math.sqrt(float(S.diagonal().mean())) for S in self.found[1:3])
        return float(full * (half / full) ** self.level)
