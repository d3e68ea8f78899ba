"""The U-Net (Ronneberger et al. 2015), with the options published for large holes.

Each level reduces by max-pooling, then convolves twice; on the way up what came from below is
enlarged, put beside what the level saw, and convolved twice without normalisation.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from dipcli.architecture import NetworkSettings
from dipcli.prior.networks.layers import convolution, enlarge, normalisation


class UNetLevel(nn.Module):
    """One level of the U-Net, with all coarser levels inside it."""

    def __init__(self, settings: NetworkSettings, inputs: int, level: int = 0) -> None:
        """`inputs` channels come in at the next finer level's resolution; 0 is full resolution.

        Levels beyond those of `channels` (more_layers) are as wide as the last of them.
        """
        super().__init__()
        deepest = settings.levels - 1
        own = settings.channels[min(level, deepest)]
        reduction = [nn.MaxPool2d(2)] if level else []
        self.down = nn.Sequential(*reduction, twice(inputs, own, settings, settings.norm))
        self.inner: nn.Module | None = None
        if level < deepest + settings.more_layers:
            below = settings.channels[min(level + 1, deepest)]
            mode = settings.per_level("upsample")[min(level, deepest)]
            self.inner = UNetLevel(settings, own, level + 1)
            self.enlarge = Enlarge(below, own, mode, settings.padding)
            self.up = twice(2 * own, own, settings, "")

    def forward(self, x: Tensor) -> Tensor:
        """(1, inputs, H, W) -> (1, own, H, W) at level 0, half of the size below."""
        seen: Tensor = self.down(x)
        if self.inner is None:
            return seen
        merged: Tensor = self.up(torch.cat([self.enlarge(self.inner(seen)), seen], dim=1))
        return merged


class Enlarge(nn.Module):
    """Twice the size and another number of channels, in one step or in two."""

    def __init__(self, inputs: int, outputs: int, mode: str, padding: str) -> None:
        """mode: deconv, nearest or bilinear."""
        super().__init__()
        self.mode = mode
        self.convolve = (
            nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1)
            if mode == "deconv"
            else convolution(inputs, outputs, 3, padding)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(1, inputs, H, W) -> (1, outputs, 2 H, 2 W)."""
        larger: Tensor = self.convolve(x if self.mode == "deconv" else enlarge(x, self.mode))
        return larger


def twice(inputs: int, outputs: int, settings: NetworkSettings, norm: str) -> nn.Sequential:
    """Two 3x3 convolutions, each followed by a normalisation, unless `norm` is empty, and ReLU."""
    layers: list[nn.Module] = []
    for channels in (inputs, outputs):
        layers.append(convolution(channels, outputs, 3, settings.padding))
        if norm:
            layers.append(normalisation(outputs, norm))
        layers.append(nn.ReLU(inplace=True))
    return nn.Sequential(*layers)
