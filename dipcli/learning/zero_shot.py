"""Enlarging learnt from the picture itself: what its own reductions lost.

A plain residual network learns to undo the reduction of the picture and of smaller copies of it,
and is then applied to the picture (Shocher, Cohen, Irani, "Zero-Shot Super-Resolution using Deep
Internal Learning", CVPR 2018). Four times are twice two times: the first result, moved to the
nearest picture that gives the observation, is learnt from, too (their section 3.2, gradual).
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from dipcli.degradation.operators import Downsample
from dipcli.degradation.problem import Problem
from dipcli.degradation.projection import project
from dipcli.degradation.resizing import enlarged
from dipcli.learning.training_pairs import (
    Pair,
    dihedral,
    dihedral_inverse,
    examples,
    sample_batch,
)
from dipcli.presets.superres import SuperresSettings
from dipcli.prior import losses
from dipcli.prior.descent import GradientRun
from dipcli.prior.networks.layers import initialise
from dipcli.stream.step import Runtime, Step, numbers
from dipcli.system.devices import reproducible

WARM_UP = 0.1  # of the steps during which the rate rises; it falls by a cosine afterwards
SHOWN = 4  # times during a doubling that its result is looked at
KEPT = ("picture", "shown", "turn", "score", "pending")  # of the state, of this kind of run
BAND = 1 << 18  # pixels that the network is applied to at once: bounds the memory


class ZeroShotRun(GradientRun):
    """A run of plain layers, as `dipcli.prior.fit.fit` makes it of a reduced observation.

    `estimate` is the picture as far as the network enlarges it by now, and by interpolation from
    there on; `score` is the loss.
    """

    settings: SuperresSettings

    def __init__(
        self,
        problem: Problem,
        settings: SuperresSettings,
        runtime: Runtime,
        number: int,
        deadline: float | None,
    ) -> None:
        """For all of it see `fit`. TypeError if the problem's operator is no Downsample."""
        if not isinstance(problem.operator, Downsample):
            raise TypeError("only a reduced picture can be learnt to be enlarged")
        super().__init__(problem, settings, runtime, number, deadline)
        self.operator = problem.operator
        self.factors = factors(problem.operator.scale)
        self.picture = problem.observation  # as far as it is enlarged
        self.shown = enlarged(self.picture, problem.size)
        self.turn = 0  # doublings
        self.score = math.nan  # running mean of the loss
        self.pending: list[Tensor] = []  # losses since the last look
        self.place(network(problem.observation.shape[1], settings.channels, self.generator))
        self.pairs = self.training_pairs()

    def step(self) -> Step:
        """One step down the gradient, and the result of a doubling after its last one."""
        with reproducible(self.runtime.device):
            loss = self.learn()
        self.pending.append(loss)
        self.count_step()
        if self.stop_reason or (self.steps_made - 1) % self.every == 0:
            self.settle()
        first, last = self.span()
        if self.steps_made == last or self.stop_reason:
            self.finish()
        elif (self.steps_made - first) % max(1, (last - first) // SHOWN) == 0:
            self.shown = enlarged(self.applied_by_bands(self.coarse()), self.problem.size)
        facts: dict[str, object] = {"best_step": self.steps_made - 1, "score": self.score}
        return self.as_step(loss, self.shown, self.shown, facts)

    def settle(self) -> None:
        """Take in the losses since the last look."""
        first = self.steps_made - len(self.pending)
        for made, loss in enumerate(numbers(self.pending), first):
            self.score = loss if made == 0 else 0.95 * self.score + 0.05 * loss
        self.pending = []

    def span(self) -> tuple[int, int]:
        """The first step of this doubling, and the first after it."""
        share = self.settings.iters / len(self.factors)
        return round(share * self.turn), round(share * (self.turn + 1))

    def learn(self) -> Tensor:
        """One step on a few parts of one picture, turned and mirrored; the loss."""
        first, last = self.span()
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                base = group.setdefault("initial_lr", group["lr"])
                group["lr"] = base * one_cycle((self.steps_made - first) / max(1, last - first))
        truth, reduced = sample_batch(self.pairs, self.generator)
        loss = losses.masked(self.settings.loss, self.applied(reduced), truth, None)
        self.descend(loss)
        return loss.detach()

    def training_pairs(self) -> list[Pair]:
        """What this doubling is learnt from: the observation, and the last result."""
        if self.turn == len(self.factors):
            return []
        known = [self.problem.observation, *([self.picture] if self.turn else [])]
        return examples(known, Downsample(self.factors[self.turn], self.operator.kernel))

    def coarse(self) -> Tensor:
        """The picture, enlarged by interpolation as the network wants it."""
        h, w = self.picture.shape[-2:]
        factor = self.factors[self.turn]
        return enlarged(self.picture, (h * factor, w * factor))

    def applied(self, x: Tensor) -> Tensor:
        """x plus what the network finds lacking in it, (B, C, H, W) float32."""
        return x + self.apply_net(x).float()

    def finish(self) -> None:
        """The mean result over the eight positions of the picture; the next doubling begins."""
        x, y = self.coarse(), self.problem.observation
        found = torch.zeros_like(x)
        for turns in range(4):
            for mirrored in (0, 1):
                placed = self.applied_by_bands(dihedral(x, turns, mirrored))
                found += dihedral_inverse(placed, turns, mirrored) / 8
        found = torch.where(found.isfinite(), found, x).clamp(0, 1)  # should it have diverged
        if self.settings.project:
            kernel = Downsample(x.shape[2] // y.shape[2], self.operator.kernel)
            found = project(found, kernel, y).clamp(0, 1)
        self.picture, self.shown = found, enlarged(found, self.problem.size)
        self.turn += 1
        self.pairs = self.training_pairs()

    @torch.no_grad()
    def applied_by_bands(self, x: Tensor) -> Tensor:
        """`applied` to rows of a picture by turns, each with as much beside them as counts."""
        reach = len(self.settings.channels) + 1
        height, width = x.shape[-2:]
        rows = max(1, BAND // width)
        parts = []
        for top in range(0, height, rows):
            begin, bottom = max(0, top - reach), min(height, top + rows)
            seen = self.applied(x[..., begin : bottom + reach, :])
            parts.append(seen[..., top - begin : bottom - begin, :])
        return torch.cat(parts, 2)

    def state_dict(self) -> dict[str, Any]:
        """Of every run, and the picture so far."""
        return super().state_dict() | {name: getattr(self, name) for name in KEPT}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state of the same problem, settings and seed."""
        super().load_state_dict(state)
        vars(self).update({name: state[name] for name in KEPT})
        self.pairs = self.training_pairs()


def network(channels: int, widths: tuple[int, ...], generator: torch.Generator) -> nn.Module:
    """3x3 convolutions of these widths, ReLU between them; at first it finds nothing lacking."""
    layers: list[nn.Module] = []
    with torch.device("meta"):  # allocates nothing and draws nothing
        for inputs, outputs in zip((channels, *widths), (*widths, channels), strict=True):
            layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(inplace=True)]
    net = nn.Sequential(*layers[:-1]).to_empty(device="cpu")
    initialise(net, generator)
    for parameter in net[-1].parameters():
        nn.init.zeros_(parameter)
    return net


def factors(scale: int) -> tuple[int, ...]:
    """By how much to enlarge in turn: by two as often as that gives `scale`, or at once."""
    doublings = scale.bit_length() - 1
    return (2,) * doublings if scale == 1 << doublings else (scale,)


def one_cycle(done: float) -> float:
    """The share of the learning rate after a share of the steps (Smith 2018, one cycle)."""
    if done < WARM_UP:
        return (done + 0.01) / (WARM_UP + 0.01)
    return 0.5 + 0.5 * math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP))
