"""The published hourglass: every level is skipped past, and normalised (Ulyanov et al. 2018)."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn

from dipcli.architecture import NetworkSettings
from dipcli.prior.networks.layers import Block, Shape, enlarge, normalisation, past


class SkipLevel(nn.Module):
    """One level of the published hourglass, with all coarser levels inside it."""

    def __init__(self, settings: NetworkSettings, inputs: int, level: int = 0) -> None:
        """`inputs` channels come in at this level; 0 is full resolution."""
        super().__init__()
        at = Shape.of(settings, inputs, level)
        down, up, skip, inner = at.down, at.up, at.skip, at.inner
        block = partial(Block, padding=settings.padding, norm=settings.norm)
        self.mode = at.mode
        self.down = nn.Sequential(
            block(inputs, down, at.k_down, stride=2, downsample=settings.downsample),
            block(down, down, at.k_down),
        )
        self.inner = nn.Identity() if at.last else SkipLevel(settings, down, level + 1)
        self.skip = past(at, inputs, block)
        self.norm = normalisation(skip + inner, settings.norm)
        self.up = nn.Sequential(block(skip + inner, up, at.k_up))
        if settings.need_1x1_up:
            self.up.append(block(up, up, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(1, inputs, H, W) -> (1, up, H, W)."""
        deep = enlarge(self.inner(self.down(x)), self.mode)
        if self.skip is not None:
            deep = torch.cat([self.skip(x), deep], dim=1)
        merged: Tensor = self.up(self.norm(deep))
        return merged
