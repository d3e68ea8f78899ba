"""The slim hourglass: the same idea at a twentieth of the cost."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from dipcli.prior.networks.layers import Block, enlarge
from dipcli.stages import NetworkSettings


class SlimLevel(nn.Module):
    """One level of the slim hourglass: narrow first, then enlarge, then one convolution."""

    def __init__(self, settings: NetworkSettings, inputs: int, level: int = 0) -> None:
        """`inputs` channels come in at this level; 0 is full resolution."""
        super().__init__()
        down = settings.channels[level]
        up = settings.per_level("up_channels")
        skip = settings.per_level("skip_channels")[level]
        k_down = settings.per_level("filter_down")[level]
        k_up = settings.per_level("filter_up")[level]
        pad = settings.padding
        last = level == settings.levels - 1
        inner = down if last else up[level + 1]

        self.mode = settings.per_level("upsample")[level]
        self.down = nn.Sequential(
            Block(
                inputs,
                down,
                k_down,
                padding=pad,
                stride=2,
                downsample=settings.downsample,
                bias=False,
            ),
            Block(down, down, k_down, padding=pad, bias=False),
        )
        self.inner = nn.Identity() if last else SlimLevel(settings, down, level + 1)
        self.narrow = Block(inner, up[level], 1, padding=pad, bias=False)
        self.skip = Block(inputs, skip, 1, padding=pad, bias=False) if skip else None
        self.up = Block(skip + up[level], up[level], k_up, padding=pad, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(1, inputs, H, W) -> (1, up, H, W)."""
        deep = enlarge(self.narrow(self.inner(self.down(x))), self.mode)
        if self.skip is not None:
            deep = torch.cat([self.skip(x), deep], dim=1)
        merged: Tensor = self.up(deep)
        return merged
