"""The nearest picture that explains the observation exactly."""

from __future__ import annotations

import torch
from torch import Tensor

from dipcli.prior.operators import Operator


@torch.no_grad()
def project(x: Tensor, operator: Operator, observation: Tensor, steps: int = 20) -> Tensor:
    """x + A' (A A')^-1 (y - A x): the least change of x after which A x = y.

    x: (1, C, H, W); observation y: (1, C, h, w). A A' is inverted by conjugate gradients;
    nothing is clipped.
    """
    residual = observation - operator(x)
    solution = torch.zeros_like(residual)
    direction = residual
    energy = residual.square().sum()
    floor = energy * 1e-10
    for _ in range(steps):
        if not energy > floor:
            break
        image = operator(operator.adjoint(direction))
        step = energy / (direction * image).sum()
        solution = solution + step * direction
        residual = residual - step * image
        energy, before = residual.square().sum(), energy
        direction = residual + (energy / before) * direction
    return x + operator.adjoint(solution)
