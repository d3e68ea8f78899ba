"""The flattest blocks of a picture, where next to nothing but noise is left of it."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

MOST_BLOCKS = 20_000  # enough for every statistic here
SCALES = 3  # the picture, its half and its quarter: texture hides in fine noise, not in coarse
USUAL = 0.05  # the quantile that energies at different scales are compared by


def blocks(y: Tensor, side: int) -> Tensor:
    """Blocks of y, (1, C, H, W), each half over the next where they are few: (N, C, side, side)."""
    height, width = y.shape[-2:]
    step = max(side // 2, int((height * width / MOST_BLOCKS) ** 0.5))
    views = y[0].unfold(1, side, step).unfold(2, side, step)
    found: Tensor = views.permute(1, 2, 0, 3, 4).reshape(-1, y.shape[1], side, side)
    return found


def without_plane(found: Tensor) -> Tensor:
    """Blocks, (N, C, B, B), less the plane that fits each channel of each best."""
    at = torch.linspace(-1, 1, found.shape[-1], device=found.device).expand(found.shape[-2:])
    plane, _ = torch.linalg.qr(torch.stack([torch.ones_like(at), at, at.t()]).flatten(1).t())
    values = found.flatten(2)
    rough: Tensor = values - values @ plane @ plane.t()
    return rough.view_as(found)


def roughness(found: Tensor) -> Tensor:
    """How far each block, (N, C, B, B), is from flat, at the scale that tells most: (N,).

    The energy of all channels, and of their mean at half and at quarter size, each relative to
    what is usual for the flattest blocks.
    """
    energies = [found.square().mean((1, 2, 3))]
    gray = found.mean(1, keepdim=True)
    for _ in range(SCALES - 1):
        gray = F.avg_pool2d(gray, 2)
        energies.append(gray.square().mean((1, 2, 3)))
    every = torch.stack(energies)
    return (every / every.quantile(USUAL, 1, keepdim=True).clamp_min(1e-12)).amax(0)


def flattest(found: Tensor, share: float, least: int) -> Tensor:
    """That share of the blocks, (N, C, B, B), which are flattest; not fewer than `least`."""
    count = min(len(found), max(least, int(share * len(found))))
    return found[roughness(found).topk(count, largest=False).indices]
