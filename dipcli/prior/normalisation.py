"""Batch normalisation over the one picture, also where few channels make it slow.

On the CPU a channels-last tensor is normalised channel by channel in the innermost loop. With
eight channels that loop is so short that backward takes 14 ms at 512x512, more than any
convolution. The same memory read as f times as many channels, each with every f-th pixel, takes
0.9 ms; sums over the f parts give back the statistics of the whole channel.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

LANES = 64  # channels for which the innermost loop is long enough


class Normalisation(nn.BatchNorm2d):
    """Batch normalisation that never keeps a running mean: the batch is the one picture."""

    def __init__(self, channels: int) -> None:
        """One mean and one standard deviation for each of `channels`."""
        super().__init__(channels, track_running_stats=False)

    def forward(self, x: Tensor) -> Tensor:
        """(1, C, H, W) -> the same shape; each channel with mean 0 and variance 1, then affine."""
        parts = interleaved(x)
        if parts == 1:
            return super().forward(x)
        normalised: Tensor = Interleaved.apply(x, self.weight, self.bias, self.eps, parts)  # type: ignore[no-untyped-call]
        return normalised


def interleaved(x: Tensor) -> int:
    """Into how many parts every channel of x, (1, C, H, W), is to be read; 1: as it is."""
    if x.device.type != "cpu" or not x.is_contiguous(memory_format=torch.channels_last):
        return 1
    parts = 1
    while 2 * parts * x.shape[1] <= LANES and x.shape[3] % (2 * parts) == 0:
        parts *= 2
    return parts


class Interleaved(torch.autograd.Function):
    """y = weight (x - mean) r + bias, r = (variance + eps)^-1/2, over each channel's parts.

    With the sums b = sum g and w = sum g (x - mean) r over a channel's n pixels, its gradient is
    weight r (g - b / n - (x - mean) r w / n).
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, eps: float, parts: int
    ) -> Tensor:
        """x: (1, C, H, W), channels last; weight and bias: (C,) float32."""
        wide = widened(x, parts)
        zero = torch.zeros(wide.shape[1])  # float32, so that what comes back is, too
        found = torch.batch_norm_update_stats(wide, zero, zero.clone(), 0.0)
        means, variances = (one.view(parts, -1) for one in found)
        mean = means.mean(0)
        variance = variances.mean(0) + (means - mean).square().mean(0)
        r = (variance + eps).rsqrt()
        ctx.save_for_backward(x, weight, mean, r)
        ctx.parts = parts
        return affine(x, weight * r, bias - weight * r * mean, parts)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None]:
        """The gradients of x, weight and bias."""
        x, weight, mean, r = ctx.saved_tensors
        parts: int = ctx.parts
        g = g.contiguous(memory_format=torch.channels_last)
        wide, wide_g = widened(x, parts), widened(g, parts)
        one = torch.ones_like(mean).repeat(parts)
        _, w, b = torch.ops.aten.native_batch_norm_backward(
            wide_g, wide, one, None, None, mean.repeat(parts), r.repeat(parts), True, 0.0,
            [False, True, True],
        )  # fmt: skip
        w, b = w.view(parts, -1).sum(0), b.view(parts, -1).sum(0)
        n = x.numel() // x.shape[1]
        slope = -weight * r.square() * w / n
        gradient = affine(x, slope, -slope * mean - weight * r * b / n, parts)
        gain = (weight * r).to(x.dtype).repeat(parts).view(1, -1, 1, 1)
        widened(gradient, parts).addcmul_(wide_g, gain)
        return gradient, w, b, None, None


def affine(x: Tensor, weight: Tensor, bias: Tensor, parts: int) -> Tensor:
    """weight x + bias by channel, computed in float32 and rounded once."""
    result = torch.empty_like(x)
    weight, bias = weight.repeat(parts), bias.repeat(parts)
    zero, one = torch.zeros_like(weight), torch.ones_like(weight)
    unused = zero.new_empty(0), zero.new_empty(0)
    torch.native_batch_norm(
        widened(x, parts), weight, bias, zero, one, False, 0.0, 0.0,
        out=(widened(result, parts), *unused),
    )  # fmt: skip
    return result


def widened(x: Tensor, parts: int) -> Tensor:
    """The memory of x, (1, C, H, W) channels last, as (1, parts C, H, W / parts)."""
    _, c, h, w = x.shape
    return x.permute(0, 2, 3, 1).view(1, h, w // parts, parts * c).permute(0, 3, 1, 2)
