"""The loop: find weights so that the degraded output of the network matches the observation.

theta* = argmin loss( operator( net_theta(z) ), y ),   stopped before the noise is learnt
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from dipcli.degradation.problem import Problem
from dipcli.prior import inputs, losses, networks, stopping
from dipcli.prior.descent import GradientRun
from dipcli.prior.divergence import DivergenceGuard
from dipcli.stages import FitSettings
from dipcli.stream.step import Runtime, Step
from dipcli.system.devices import reproducible


class Run(GradientRun):
    """A run of an hourglass; `estimate` is the average of its outputs at the best step so far."""

    settings: FitSettings

    def __init__(
        self,
        problem: Problem,
        settings: FitSettings,
        runtime: Runtime,
        number: int,
        deadline: float | None,
    ) -> None:
        """Draw z, the network and the held-out pixels, in this order; for the rest see `fit`."""
        super().__init__(problem, settings, runtime, number, deadline)
        generator = self.generator
        self.observation = y = problem.observation.contiguous(memory_format=self.layout)
        self.bare = settings.architecture.bare
        z = network_input(problem, settings, generator)
        net = networks.build(settings, z.shape[1], y.shape[1], generator)
        z = z.to(runtime.device, memory_format=self.layout)
        learnt = [nn.Parameter(z)] if "input" in settings.optimized else []
        std = 0.0 if self.bare else settings.jitter
        self.jitter = inputs.Jitter(learnt[0] if learnt else z, std, generator)

        h, w = y.shape[-2:]
        share = settings.holdout if settings.stop == "holdout" else 0.0
        held = stopping.hold_out(problem.known, (h, w), share, generator)
        self.weight = loss_weight(problem.known, held, runtime.device)
        self.average = stopping.Average(settings.ema)
        self.rule = stopping.rule(
            settings, y, self.weight, held, y.shape[1] * math.prod(problem.size), generator
        )
        self.place(net, *learnt, fixed="net" not in settings.optimized)
        self.guard = DivergenceGuard(settings.loss, self.snapshot())

    def output(self) -> Tensor:
        """net(z + jitter), (1, C, H, W) float32 in (0, 1)."""
        x = self.apply_net(self.jitter())
        h, w = self.problem.size
        if x.shape[-2:] == (h, w):
            return x  # cutting nothing off would copy the gradient
        return x[..., :h, :w]

    def loss_of(self, output: Tensor, fitted: Tensor, y: Tensor, weight: Tensor | None) -> Tensor:
        """How far `fitted`, the image of `output`, is from y, and what else is held against it."""
        loss = losses.masked(self.settings.loss, fitted, y, weight)
        if self.settings.tv:
            loss = loss + self.settings.tv * losses.total_variation(output)
        return loss

    def step(self) -> Step:
        """One step down the gradient, unless it diverged."""
        problem = self.problem
        y = self.observation  # in the layout of the output
        look = self.steps_made % self.every == 0
        with reproducible(self.runtime.device):
            output = self.output()
            fitted = problem.operator(output)
            loss = self.loss_of(output, fitted, y, self.weight)
            good = not look or self.guard.accept(self, self.steps_made, loss.item())
            if good:
                output, fitted = output.detach(), fitted.detach()
                output = output.clamp(0, 1) if self.bare else output  # nothing else keeps it there
                average, measured = self.average.update(output), self.rule.measure(output, fitted)
                self.guard.pending.append((self.steps_made, loss.detach(), measured, average))
                self.descend(loss)
        self.count_step()
        if self.every == 1 or self.steps_made == 1 or self.stop_reason:  # else at the next look
            good = self.guard.settle(self) and good
        self.stop_reason = self.rule.stop_reason() if self.rule.done else self.stop_reason
        best = mean_picture(problem) if self.rule.best is None else self.rule.best
        return self.as_step(
            loss=loss.detach() if good else y.new_tensor(self.guard.saved_loss),
            output=output if good else best,
            estimate=best,
            facts=facts_of(self.rule, self.guard),
        )

    def snapshot(self) -> dict[str, Any]:
        """Weights, optimizers, average and stopping rule."""
        return super().snapshot() | {"average": self.average, "rule": self.rule}

    def go_back(self, snapshot: dict[str, Any]) -> None:
        """Be as at a snapshot, which stays as it is."""
        snapshot = copy.deepcopy(snapshot)
        super().go_back(snapshot)
        self.average, self.rule = snapshot["average"], snapshot["rule"]

    def state_dict(self) -> dict[str, Any]:
        """Of every run, and what divergence would go back to."""
        return super().state_dict() | {"guard": self.guard.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state of the same problem, settings and seed."""
        super().load_state_dict(state)
        self.guard.load_state_dict(state["guard"])


def network_input(
    problem: Problem, settings: FitSettings, generator: torch.Generator
) -> torch.Tensor:
    """z as the settings have it, (1, D, H, W) on the CPU; what is the picture has its channels."""
    canvas, grid = networks.canvas(problem.size, settings), networks.grid(settings)
    channels = problem.observation.shape[1]
    depth = channels if settings.architecture.bare else settings.input_depth
    return inputs.draw(settings.input, canvas, depth, generator, problem.picture, grid)


# A run on a problem, with settings of its kind, its number and its deadline.
Make = Callable[[Problem, Any, Runtime, int, float | None], GradientRun]


def fit(
    problem: Problem,
    settings: FitSettings,
    runtime: Runtime,
    *,
    run: int = 0,
    deadline: float | None = None,
    make: Make = Run,
) -> Iterator[Step]:
    """One run, step by step; `estimate` is what it would give if it ended there.

    run: number of this run, which makes it independent of the others of the same seed;
    deadline: value of time.perf_counter() by which the last step must have ended.
    make: what goes down the gradient, and how.
    Notes: best_step, score (lower is better), restored (steps at which it diverged), and in the
    last step why it is the last.
    """
    one = make(problem, settings, runtime, run, deadline)
    yield from runtime.resume.resumable("fit", lambda last: one.steps(), one)


def facts_of(rule: stopping.Rule, guard: DivergenceGuard) -> dict[str, object]:
    """What is known of the run so far, as plain JSON facts."""
    facts: dict[str, object] = {"best_step": rule.best_step, "score": rule.score}
    return facts | ({"restored": list(guard.restored)} if guard.restored else {})


def mean_picture(problem: Problem) -> Tensor:
    """The observation's mean as a picture: what is known before the first good step."""
    y = problem.observation
    return y.nanmean((2, 3), keepdim=True).expand(1, y.shape[1], *problem.size)


def loss_weight(known: Tensor | None, held: Tensor | None, device: torch.device) -> Tensor | None:
    """The weight of each observed pixel in the loss, (1, 1, h, w); None: all alike."""
    if held is None:
        return known
    free = (~held).float().to(device)
    return free if known is None else free * known
