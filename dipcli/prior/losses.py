"""How far a fit is from the observation, on the pixels that count."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

CHARBONNIER_EPS = 1e-3
TV_EPS = 1e-12  # where neighbours are alike a root has no slope


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


def total_variation(x: Tensor, exponent: float = 0.5) -> Tensor:
    """The sum of (dx^2 + dy^2)^exponent over x, (B, C, H, W), without its last row and column.

    dx, dy: differences of neighbours; 0.5 is the length of the gradient (Rudin, Osher, Fatemi
    1992), other exponents are beta / 2 of Mahendran and Vedaldi 2015. 0-dimensional.
    """
    dx = x[..., :-1, 1:] - x[..., :-1, :-1]
    dy = x[..., 1:, :-1] - x[..., :-1, :-1]
    return (dx.square() + dy.square() + TV_EPS).pow(exponent).sum()


def diverged(kind: str, before: float, now: float, decibels: float = 5.0) -> bool:
    """Whether the fit is worse than it was by more than `decibels` of PSNR."""
    per_decade = 10.0 if kind == "mse" else 20.0
    return now > before * 10 ** (decibels / per_decade)
