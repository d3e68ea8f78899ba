"""The bricks of the networks: convolution, normalisation, and changes of size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dipcli.architecture import NetworkSettings
from dipcli.degradation.operators import Downsample


@dataclass(frozen=True)
class Shape:
    """One level of an hourglass, of which each architecture makes its own.

    down, up, skip: channels on the way down, on the way up, and past all coarser levels; inner:
    channels that come from these; identity: whether the skip is what came in, as it is; k_down,
    k_up: sizes of the filters; mode: how it enlarges; last: whether it is the coarsest.
    """

    down: int
    up: int
    skip: int
    identity: bool
    inner: int
    k_down: int
    k_up: int
    mode: str
    last: bool

    @classmethod
    def of(cls, settings: NetworkSettings, inputs: int, level: int) -> Shape:
        """What the settings have for a level into which `inputs` channels come."""
        last = level == settings.levels - 1
        up = settings.per_level("up_channels")
        down = settings.channels[level]
        identity = settings.skips == "identity"
        names = ("skip_channels", "filter_down", "filter_up", "upsample")
        skip, k_down, k_up, mode = (settings.per_level(name)[level] for name in names)
        inner = down if last else up[level + 1]
        skip = inputs if identity else skip
        return cls(down, up[level], skip, identity, inner, k_down, k_up, mode, last)


class Block(nn.Sequential):
    """Convolution, batch normalisation by the picture's own statistics, LeakyReLU(0.2)."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        *,
        padding: str,
        stride: int = 1,
        downsample: str = "stride",
        bias: bool = True,
        norm: str = "batch",
    ) -> None:
        """With stride 2, `downsample` says how: a strided convolution, or a pool after it."""
        strided = stride > 1 and downsample == "stride"
        layers = [convolution(inputs, outputs, kernel, padding, stride if strided else 1, bias)]
        if stride > 1 and not strided:
            layers.append(pool(downsample, stride))
        super().__init__(*layers, normalisation(outputs, norm), nn.LeakyReLU(0.2, inplace=True))


def normalisation(channels: int, kind: str = "batch") -> nn.Module:
    """Mean 0 and variance 1 of each channel, which never keeps a running mean.

    The batch is the one picture, so that batch and instance normalisation differ in the scale and
    the offset only that the former learns.
    """
    if kind == "instance":
        return nn.InstanceNorm2d(channels)
    return nn.BatchNorm2d(channels, track_running_stats=False)


def past(at: Shape, inputs: int, block: Callable[[int, int, int], nn.Module]) -> nn.Module | None:
    """What leads past all coarser levels: what came in as it is, a 1x1 block of it, or nothing."""
    if at.identity:
        return nn.Identity()
    return block(inputs, at.skip, 1) if at.skip else None


def convolution(
    inputs: int, outputs: int, kernel: int, padding: str, stride: int = 1, bias: bool = True
) -> nn.Module:
    """A convolution that keeps the size (divided by the stride); padding zero or reflection."""
    mode: Literal["reflect", "zeros"] = (
        "reflect" if padding == "reflection" and kernel > 1 else "zeros"
    )
    return nn.Conv2d(
        inputs, outputs, kernel, stride, padding=kernel // 2, bias=bias, padding_mode=mode
    )


def pool(kind: str, factor: int) -> nn.Module:
    """Reduction by `factor`: avg, max, lanczos2 or lanczos3."""
    if kind == "avg":
        return nn.AvgPool2d(factor)
    if kind == "max":
        return nn.MaxPool2d(factor)
    return Reduce(Downsample(factor, kind))


class Reduce(nn.Module):
    """A fixed low-pass reduction inside the network."""

    def __init__(self, operator: Downsample) -> None:
        """`operator` is applied channel by channel."""
        super().__init__()
        self.operator = operator

    def forward(self, x: Tensor) -> Tensor:
        """(1, C, H, W) -> (1, C, H/f, W/f)."""
        return self.operator(x)


class Squash(nn.Module):
    """Sigmoid in float32, so that the picture is not quantised by a short mantissa."""

    def forward(self, x: Tensor) -> Tensor:
        """Any real value -> (0, 1), float32 at least."""
        return torch.sigmoid(x.float() if x.dtype is torch.bfloat16 else x)


def enlarge(x: Tensor, mode: str) -> Tensor:
    """Twice the size, nearest or bilinear."""
    if mode == "nearest":
        doubled: Tensor = Doubled.apply(x)  # type: ignore[no-untyped-call]
        return doubled
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


class Doubled(torch.autograd.Function):
    """Every pixel four times; PyTorch's own gradient of that takes five times as long."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        """(1, C, H, W) -> (1, C, 2 H, 2 W)."""
        return F.interpolate(x, scale_factor=2.0, mode="nearest")

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:
        """The sum over the four."""
        return F.avg_pool2d(g, 2, divisor_override=1)


def initialise(net: nn.Module, generator: torch.Generator) -> None:
    """Draw every parameter anew from `generator` alone, as PyTorch's own defaults are drawn.

    Convolutions: U(-b, b) with b = 1 / sqrt(fan in), of transposed ones what PyTorch takes for
    it, their outputs times their area; normalisation: weight 1, bias 0.
    """
    for module in net.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            bound = module.weight[0].numel() ** -0.5
            nn.init.uniform_(module.weight, -bound, bound, generator=generator)
            if module.bias is not None:
                nn.init.uniform_(module.bias, -bound, bound, generator=generator)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)
