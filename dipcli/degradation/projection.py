"""The nearest picture that explains the observation exactly."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from dipcli.degradation.operators import Operator


@torch.no_grad()
def project(x: Tensor, operator: Operator, observation: Tensor, steps: int = 20) -> Tensor:
    """x + A' (A A')^-1 (y - A x): the least change of x after which A x = y.

    x: (1, C, H, W); observation y: (1, C, h, w). A A' is inverted by conjugate gradients;
    nothing is clipped.
    """
    solution = conjugate_gradients(
        lambda v: operator(operator.adjoint(v)), observation - operator(x), steps
    )
    return x + operator.adjoint(solution)


def conjugate_gradients(apply: Callable[[Tensor], Tensor], b: Tensor, steps: int) -> Tensor:
    """x with apply(x) = b, after at most `steps` steps from 0 (Hestenes, Stiefel 1952).

    apply: linear, symmetric and positive semidefinite; x and b of one shape. Once the residual is
    down to a hundred-thousandth, x stays as it is.
    """
    solution = torch.zeros_like(b)
    residual = direction = b
    energy = b.square().sum()
    floor = energy * 1e-10
    for _ in range(steps):
        going_on = energy > floor
        if b.device.type == "cpu" and not going_on:  # to look at another device is to wait for it
            break
        image = apply(direction)
        step = torch.where(going_on, energy / (direction * image).sum(), 0)
        solution = solution + step * direction
        residual = residual - step * image
        energy, before = residual.square().sum(), energy
        direction = residual + torch.where(going_on, energy / before, 0) * direction
    return solution
