"""Muon for convolution weights, Adam for the rest; or Adam or LBFGS for all, as published."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import LBFGS, Adam, Optimizer

ADAM_LR_BESIDE_MUON = 0.01
WARM_UP, WARM_UP_LR = 100, 0.001  # steps of Adam before LBFGS, as published
LARGE = 1 << 16  # values of a matrix from which shorter numbers save time


def build(
    kind: str,
    weights: Iterable[nn.Parameter],
    lr: float,
    precision: torch.dtype | None = None,
    pictures: Iterable[nn.Parameter] = (),
) -> list[Optimizer]:
    """The optimizers of one run; each owns a part of the weights and of the pictures.

    pictures: what is optimised beside weights, an input of the network; precision: of Muon's large
    matrix products, None for that of the parameters. Muon is for matrices: without any it is Adam.
    """
    weights, pictures = list(weights), list(pictures)
    if kind == "lbfgs":
        return [WarmLBFGS([*weights, *pictures], lr)]
    matrices = [p for p in weights if p.ndim == 4]
    if kind == "adam" or not matrices:
        return [Adam([*weights, *pictures], lr=lr)]
    others = [p for p in weights if p.ndim != 4] + pictures
    return [Muon(matrices, lr, precision=precision), Adam(others, lr=ADAM_LR_BESIDE_MUON)]


class WarmLBFGS(LBFGS):
    """Adam for the first steps, then LBFGS of a fixed step, as published with Deep Image Prior.

    Each call of `step` makes one iteration from gradients that are there already: as many calls
    are one call of PyTorch's with as many iterations, tolerances switched off.
    """

    def __init__(self, params: Iterable[nn.Parameter], lr: float) -> None:
        """lr: of LBFGS; Adam begins with WARM_UP_LR."""
        params = list(params)
        super().__init__(params, lr=lr, max_iter=1, tolerance_grad=-1, tolerance_change=-1)
        self.first = Adam(params, lr=WARM_UP_LR)
        self.made = 0

    def step(self, closure: Callable[[], float]) -> float:  # type: ignore[override]
        """One step; closure: gives the loss that the gradients are of."""
        self.made += 1
        if self.made <= WARM_UP:
            return float(self.first.step(closure))
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    p.grad = p.grad.contiguous()  # it is laid out in one line
        loss: float = super().step(closure)  # type: ignore[no-untyped-call]
        return loss

    def state_dict(self) -> dict[str, Any]:
        """Of both, and how many steps were made."""
        return super().state_dict() | {"first": self.first.state_dict(), "made": self.made}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a state."""
        rest = dict(state_dict)
        self.first.load_state_dict(rest.pop("first"))
        self.made = rest.pop("made")
        super().load_state_dict(rest)


class Muon(Optimizer):
    """Momentum, orthogonalised (Jordan et al. 2024), for convolution weights as matrices.

    A weight (out, in, k, k) is the matrix out x (in k k). Its Nesterov momentum is replaced
    by the nearest matrix with equal singular values; the step is lr times that, times
    sqrt(max(1, rows / columns)). No weight decay.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float,
        momentum: float = 0.95,
        precision: torch.dtype | None = None,
    ) -> None:
        """lr: the spectral size of one step; momentum: weight of the past; precision: `build`."""
        super().__init__(list(params), {"lr": lr, "momentum": momentum})
        self.precision = precision

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """One step; matrices of one shape are orthogonalised together."""
        for group in self.param_groups:
            alike: dict[torch.Size, list[tuple[Tensor, Tensor]]] = defaultdict(list)
            for p in group["params"]:
                if p.grad is not None:
                    direction = self._nesterov(p, group).flatten(1)
                    alike[direction.shape].append((p, direction))
            for shape, members in alike.items():
                stacked = torch.stack([direction for _, direction in members])
                short = self.precision if shape.numel() >= LARGE else None
                updates = orthogonalise(stacked.to(short or stacked.dtype)).to(stacked.dtype)
                rate = group["lr"] * max(1.0, shape[0] / shape[1]) ** 0.5
                for (p, _), update in zip(members, updates, strict=True):
                    p.sub_(update.view_as(p), alpha=rate)

    def _nesterov(self, p: Tensor, group: dict[str, Any]) -> Tensor:
        state = self.state[p]
        gradient = p.grad.contiguous() if p.grad is not None else torch.zeros_like(p)
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(gradient)
        past: Tensor = state["momentum"].lerp_(gradient, 1 - group["momentum"])
        return gradient.lerp(past, group["momentum"])


def orthogonalise(matrices: Tensor, steps: int = 5) -> Tensor:
    """Singular values of each matrix brought near 1 by Newton-Schulz; (N, rows, columns).

    X <- a X + (b A + c A^2) X with A = X X', the quintic of Jordan et al.; wide matrices
    stay wide, tall ones are turned so that A is the smaller product.
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    tall = matrices.shape[-2] > matrices.shape[-1]
    x = matrices.mT if tall else matrices
    x = x / x.norm(dim=(-2, -1), keepdim=True).clamp_min(1e-12)
    for _ in range(steps):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.mT if tall else x
