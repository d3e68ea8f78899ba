"""Residual blocks at full resolution (He et al. 2016), as published for large holes."""

from __future__ import annotations

from torch import Tensor, nn

from dipcli.architecture import NetworkSettings
from dipcli.prior.networks.layers import convolution, normalisation


class ResNet(nn.Module):
    """A convolution, `blocks` residual blocks of the first of `channels`, a convolution."""

    def __init__(self, settings: NetworkSettings, inputs: int) -> None:
        """`inputs` channels come in."""
        super().__init__()
        width, norm = settings.channels[0], settings.norm
        self.body = nn.Sequential(
            convolution(inputs, width, 3, settings.padding),
            nn.LeakyReLU(0.2),
            *(Residual(width, norm) for _ in range(settings.blocks)),
            convolution(width, width, 3, "zero"),
            normalisation(width, norm),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(1, inputs, H, W) -> (1, channels, H, W)."""
        found: Tensor = self.body(x)
        return found


class Residual(nn.Module):
    """What two convolutions without bias add to what comes in; padding zero, as published."""

    def __init__(self, width: int, norm: str) -> None:
        """width: channels in and out."""
        super().__init__()
        self.added = nn.Sequential(
            convolution(width, width, 3, "zero", bias=False),
            normalisation(width, norm),
            nn.LeakyReLU(0.2, inplace=True),
            convolution(width, width, 3, "zero", bias=False),
            normalisation(width, norm),
        )

    def forward(self, x: Tensor) -> Tensor:
        """x + F(x)."""
        added: Tensor = self.added(x)
        return x + added
