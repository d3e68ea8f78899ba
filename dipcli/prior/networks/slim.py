"""The slim hourglass: the same idea at a twentieth of the cost."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn

from dipcli.architecture import NetworkSettings
from dipcli.prior.networks.layers import Block, Shape, enlarge, past


class SlimLevel(nn.Module):
    """One level of the slim hourglass: narrow first, then enlarge, then one convolution."""

    def __init__(self, settings: NetworkSettings, inputs: int, level: int = 0) -> None:
        """`inputs` channels come in at this level; 0 is full resolution."""
        super().__init__()
        at = Shape.of(settings, inputs, level)
        down, up, skip, inner = at.down, at.up, at.skip, at.inner
        block = partial(Block, padding=settings.padding, norm=settings.norm, bias=False)
        self.mode = at.mode
        self.down = nn.Sequential(
            block(inputs, down, at.k_down, stride=2, downsample=settings.downsample),
            block(down, down, at.k_down),
        )
        self.inner = nn.Identity() if at.last else SlimLevel(settings, down, level + 1)
        self.narrow = block(inner, up, 1)
        self.skip = past(at, inputs, block)
        self.up = block(skip + up, up, at.k_up)

    def forward(self, x: Tensor) -> Tensor:
        """(1, inputs, H, W) -> (1, up, H, W)."""
        deep = enlarge(self.narrow(self.inner(self.down(x))), self.mode)
        if self.skip is not None:
            deep = torch.cat([self.skip(x), deep], dim=1)
        merged: Tensor = self.up(deep)
        return merged
