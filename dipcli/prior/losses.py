"""How far a fit is from the observation, on the pixels that count."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

CHARBONNIER_EPS = 1e-3


def squared(difference: Tensor) -> Tensor:
    """d^2: Gaussian noise."""
    return difference.square()


def absolute(difference: Tensor) -> Tensor:
    """|d|: outliers."""
    return difference.abs()


def charbonnier(difference: Tensor) -> Tensor:
    """sqrt(d^2 + eps^2): as |d|, smooth at 0."""
    return (difference.square() + CHARBONNIER_EPS**2).sqrt()


LOSSES: dict[str, Callable[[Tensor], Tensor]] = {
    "mse": squared,
    "l1": absolute,
    "charbonnier": charbonnier,
}


def masked(kind: str, fitted: Tensor, observation: Tensor, weight: Tensor | None) -> Tensor:
    """The mean of the loss `kind` over the values with weight; 0-dimensional.

    fitted, observation: (1, C, h, w); weight: (1, 1, h, w), not negative; None: all alike.
    """
    if weight is None and kind == "mse":
        return F.mse_loss(fitted, observation)  # in one go, forward and backward
    each = LOSSES[kind](fitted - observation)
    if weight is None:
        return each.mean()
    total = weight.sum() * fitted.shape[1]
    return (each * weight).sum() / total.clamp_min(torch.finfo(each.dtype).tiny)


def diverged(kind: str, before: float, now: float, decibels: float = 5.0) -> bool:
    """Whether the fit is worse than it was by more than `decibels` of PSNR."""
    per_decade = 10.0 if kind == "mse" else 20.0
    return now > before * 10 ** (decibels / per_decade)
