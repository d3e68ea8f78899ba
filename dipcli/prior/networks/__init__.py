"""The networks whose structure is the prior.

    skip   the encoder-decoder of Ulyanov et al. 2018, with every option they published
    slim   the same idea at a twentieth of the cost: narrow at full resolution, reduced to
           the next finer level's width before each enlargement, so that nothing wide is
           ever held at full resolution; no bias before a normalisation, zero padding

Both map z, (1, D, H, W), to a picture, (1, C, H, W) in (0, 1), for H and W that are
multiples of 2^levels: `canvas` says which.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from dipcli.prior.networks.layers import (
    Block,
    Squash,
    convolution,
    enlarge,
    initialise,
    normalisation,
)
from dipcli.settings import Settings


def canvas(size: tuple[int, int], settings: Settings) -> tuple[int, int]:
    """The least (H, W) that holds a picture of `size` and suits the network.

    A multiple of 2^levels, and large enough that reflection at the coarsest level has
    something to reflect. The picture is the upper left part; what lies beyond is never
    compared with anything.
    """
    unit = 1 << settings.levels
    least = 1 + max(settings.filter_down + settings.filter_up) // 2

    def fit(n: int) -> int:
        return unit * max(least, -(-n // unit))

    return fit(size[0]), fit(size[1])


def build(settings: Settings, depth: int, channels: int, generator: torch.Generator) -> nn.Module:
    """A fresh network from `depth` input channels to `channels`, on the CPU in float32.

    Every parameter is drawn from `generator` (CPU); no global state is read or changed.
    """
    level = SkipLevel if settings.net == "skip" else SlimLevel
    width = (settings.per_level("up_channels"))[0]
    with torch.device("meta"):  # allocates nothing and draws nothing
        net = nn.Sequential(
            level(settings, depth),
            convolution(width, channels, 1, settings.padding),
            Squash(),
        )
    net = net.to_empty(device="cpu")
    initialise(net, generator)
    return net


class SkipLevel(nn.Module):
    """One level of the published hourglass, with all coarser levels inside it."""

    def __init__(self, settings: Settings, inputs: int, level: int = 0) -> None:
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
            Block(inputs, down, k_down, padding=pad, stride=2, downsample=settings.downsample),
            Block(down, down, k_down, padding=pad),
        )
        self.inner = nn.Identity() if last else SkipLevel(settings, down, level + 1)
        self.skip = Block(inputs, skip, 1, padding=pad) if skip else None
        self.norm = normalisation(skip + inner)
        self.up = nn.Sequential(Block(skip + inner, up[level], k_up, padding=pad))
        if settings.need_1x1_up:
            self.up.append(Block(up[level], up[level], 1, padding=pad))

    def forward(self, x: Tensor) -> Tensor:
        """(1, inputs, H, W) -> (1, up, H, W)."""
        deep = enlarge(self.inner(self.down(x)), self.mode)
        if self.skip is not None:
            deep = torch.cat([self.skip(x), deep], dim=1)
        merged: Tensor = self.up(self.norm(deep))
        return merged


class SlimLevel(nn.Module):
    """One level of the slim hourglass: narrow first, then enlarge, then one convolution."""

    def __init__(self, settings: Settings, inputs: int, level: int = 0) -> None:
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
