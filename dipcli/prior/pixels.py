"""What the network's prior is compared with: pixels that are moved themselves, and what calms them.

The published comparison (Ulyanov et al. 2018, figures of pre-images and of super-resolution).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

START = (0.45, 0.55)  # of the pixels: uniform around gray, as published


@dataclass(frozen=True)
class TotalVariation:
    """weight times the mean over pixels of (dx^2 + dy^2)^(beta / 2); no weight: no penalty.

    With beta above 1 edges cost more than ramps; 2 rids of the spikes that pooling leads to
    (Mahendran and Vedaldi 2015, 2.1).
    """

    weight: float
    beta: float = 2.0

    def __call__(self, x: Tensor) -> Tensor:
        """(1, C, H, W) -> 0-dimensional."""
        across = x[..., :-1, 1:] - x[..., :-1, :-1]
        down = x[..., 1:, :-1] - x[..., :-1, :-1]
        squares = across.square() + down.square()
        if self.beta != 2:
            squares = (squares + 1e-8) ** (self.beta / 2)
        return self.weight * squares.mean()


class PixelGrid(nn.Module):
    """A picture that is its own parameters, (1, C, H, W); whatever it is given."""

    def __init__(self, shape: tuple[int, int, int], generator: torch.Generator) -> None:
        """shape: (C, H, W); drawn uniformly between START."""
        super().__init__()
        low, high = START
        self.pixels = nn.Parameter(low + (high - low) * torch.rand(1, *shape, generator=generator))

    def forward(self, z: Tensor) -> Tensor:
        """The pixels."""
        return self.pixels
