"""The published hourglass: every level is skipped past, and normalised (Ulyanov et al. 2018)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from dipcli.prior.networks.layers import Block, Shape, enlarge, normalisation
from dipcli.stages import NetworkSettings


class SkipLevel(nn.Module):
    """One level of the published hourglass, with all coarser levels inside it."""

    def __init__(self, settings: NetworkSettings, inputs: int, level: int = 0) -> None:
        """`inputs` channels come in at this level; 0 is full resolution."""
        super().__init__()
        at = Shape.of(settings, level)
        down, up, skip, inner, pad = at.down, at.up, at.skip, at.inner, settings.padding
        self.mode = at.mode
        self.down = nn.Sequential(
            Block(inputs, down, at.k_down, padding=pad, stride=2, downsample=settings.downsample),
            Block(down, down, at.k_down, padding=pad),
        )
        self.inner = nn.Identity() if at.last else SkipLevel(settings, down, level + 1)
        self.skip = Block(inputs, skip, 1, padding=pad) if skip else None
        self.norm = normalisation(skip + inner)
        self.up = nn.Sequential(Block(skip + inner, up, at.k_up, padding=pad))
        if settings.need_1x1_up:
            self.up.append(Block(up, up, 1, padding=pad))

    def forward(self, x: Tensor) -> Tensor:
        """(1, inputs, H, W) -> (1, up, H, W)."""
        deep = enlarge(self.inner(self.down(x)), self.mode)
        if self.skip is not None:
            deep = torch.cat([self.skip(x), deep], dim=1)
        merged: Tensor = self.up(self.norm(deep))
        return merged
