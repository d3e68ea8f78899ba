"""The slim hourglass: the same idea at a twentieth of the cost."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from dipcli.prior.networks.layers import Block, Shape, enlarge
from dipcli.stages import NetworkSettings


class SlimLevel(nn.Module):
    """One level of the slim hourglass: narrow first, then enlarge, then one convolution."""

    def __init__(self, settings: NetworkSettings, inputs: int, level: int = 0) -> None:
        """`inputs` channels come in at this level; 0 is full resolution."""
        super().__init__()
        at = Shape.of(settings, level)
        down, up, skip, inner, pad = at.down, at.up, at.skip, at.inner, settings.padding
        self.mode = at.mode
        self.down = nn.Sequential(
            Block(
                inputs,
                down,
                at.k_down,
                padding=pad,
                stride=2,
                downsample=settings.downsample,
                bias=False,
            ),
            Block(down, down, at.k_down, padding=pad, bias=False),
        )
        self.inner = nn.Identity() if at.last else SlimLevel(settings, down, level + 1)
        self.narrow = Block(inner, up, 1, padding=pad, bias=False)
        self.skip = Block(inputs, skip, 1, padding=pad, bias=False) if skip else None
        self.up = Block(skip + up, up, at.k_up, padding=pad, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(1, inputs, H, W) -> (1, up, H, W)."""
        deep = enlarge(self.narrow(self.inner(self.down(x))), self.mode)
        if self.skip is not None:
            deep = torch.cat([self.skip(x), deep], dim=1)
        merged: Tensor = self.up(deep)
        return merged
