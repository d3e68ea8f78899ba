"""The loop: find weights so that the degraded output of the network matches the observation.

theta* = argmin loss( operator( net_theta(z) ), y ),   stopped before the noise is learnt
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from dipcli.degradation.problem import Problem
from dipcli.prior import inputs, losses, networks, optimizers, stopping
from dipcli.prior.divergence import Guard
from dipcli.stages import FitSettings
from dipcli.steps.step import Runtime, Step, Stepping
from dipcli.system.devices import reproducible


class Run:
    """Everything that changes during one run; what divergence has to restore."""

    def __init__(
        self, problem: Problem, settings: FitSettings, runtime: Runtime, seed_of_run: int
    ) -> None:
        """Draw z, the network and the held-out pixels from one generator."""
        device = runtime.device
        self.generator = generator = seeded(runtime.seed, seed_of_run)
        layout = torch.contiguous_format if device.type == "mps" else torch.channels_last
        self.observation = y = problem.observation.contiguous(memory_format=layout)
        canvas = networks.canvas(problem.size, settings)
        z = inputs.draw(settings.input, canvas, settings.input_depth, generator, problem.picture)
        net = networks.build(settings, z.shape[1], y.shape[1], generator)
        self.net: nn.Module = net.to(device).to(memory_format=layout)  # type: ignore[call-overload]
        self.optimizers: list[Optimizer] = optimizers.build(
            settings.optimizer, self.net, settings.lr, runtime.amp
        )
        z = z.to(device, memory_format=layout)
        self.jitter = inputs.Jitter(z, settings.jitter, generator)
        self.size = problem.size
        self.runtime = runtime

        h, w = y.shape[-2:]
        share = settings.holdout if settings.stop == "holdout" else 0.0
        held = stopping.hold_out(problem.known, (h, w), share, generator)
        self.weight = seen(problem.known, held, device)
        self.average = stopping.Average(settings.ema)
        self.rule = stopping.rule(
            settings, y, self.weight, held, y.shape[1] * math.prod(problem.size), generator
        )

    def output(self) -> Tensor:
        """net(z + jitter), (1, C, H, W) float32 in (0, 1)."""
        amp = self.runtime.amp
        with torch.autocast(self.runtime.device.type, dtype=amp, enabled=amp is not None):
            x: Tensor = self.net(self.jitter())
        if x.shape[-2:] == self.size:
            return x  # cutting nothing off would copy the gradient
        return x[..., : self.size[0], : self.size[1]]

    def descend(self, loss: Tensor) -> None:
        """One step of every optimizer down the gradient of the loss."""
        loss.backward()  # type: ignore[no-untyped-call]
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)

    def state(self) -> dict[str, Any]:
        """Weights, optimizers, average and stopping rule; the next step changes what is in it."""
        return {
            "net": self.net.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "average": self.average,
            "rule": self.rule,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to a state; the noise of the next step is another one."""
        state = copy.deepcopy(state)
        self.net.load_state_dict(state["net"])
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
            optimizer.zero_grad(set_to_none=True)
        self.average, self.rule = state["average"], state["rule"]


class Descent:
    """A run of an hourglass; `estimate` is the average of its outputs at the best step so far."""

    def __init__(
        self,
        problem: Problem,
        settings: FitSettings,
        runtime: Runtime,
        number: int,
        deadline: float | None,
    ) -> None:
        """number, deadline: see `fit`."""
        self.problem, self.settings, self.runtime = problem, settings, runtime
        self.number, self.deadline = number, deadline
        self.run = Run(problem, settings, runtime, number)
        self.guard = Guard(self.run, settings.loss)
        self.every = runtime.looks(deadline)
        self.made = 0  # steps
        self.why = ""  # why it ended
        self.began = perf_counter()

    def steps(self) -> Iterator[Step]:
        """Every step from here to the end."""
        while not self.why:
            yield self.step()

    def step(self) -> Step:
        """One step down the gradient, unless it diverged."""
        run, problem, settings = self.run, self.problem, self.settings
        y = run.observation  # in the layout of the output
        look = self.made % self.every == 0
        with reproducible(self.runtime.device):
            output = run.output()
            fitted = problem.operator(output)
            loss = losses.masked(settings.loss, fitted, y, run.weight)
            good = not look or self.guard.passes(self.made, loss.item())
            if good:
                output, fitted = output.detach(), fitted.detach()
                average, measured = run.average.update(output), run.rule.measure(output, fitted)
                self.guard.pending.append((self.made, loss.detach(), measured, average))
                run.descend(loss)
        self.made += 1
        self.why = over(self.made, settings.iters, self.began, self.deadline)
        if self.every == 1 or self.made == 1 or self.why:  # else at the next look
            good = self.guard.settle() and good
        self.why = run.rule.why() if run.rule.done else self.why
        best = gray(problem) if run.rule.best is None else run.rule.best
        return Step(
            index=self.made - 1,
            total=settings.iters,
            stage="fit",
            run=self.number,
            loss=loss.detach() if good else y.new_tensor(self.guard.saved_loss),
            output=output if good else best,
            estimate=best,
            notes=noted(run.rule, self.guard, self.why),
        )

    def state(self) -> dict[str, Any]:
        """The run, the noise to come, what divergence would go back to, and how far it is."""
        return {
            "run": self.run.state(),
            "noise": self.run.generator.get_state(),
            "guard": self.guard.state(),
            "made": self.made,
            "why": self.why,
            "seconds": perf_counter() - self.began,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state of the same problem, settings and seed."""
        self.run.restore(state["run"])
        self.run.generator.set_state(state["noise"])
        self.guard.restore(state["guard"])
        self.made, self.why = state["made"], state["why"]
        self.began = perf_counter() - state["seconds"]


Make = Callable[[Problem, Any, Runtime, int, float | None], Stepping]  # settings of its kind


def fit(
    problem: Problem,
    settings: FitSettings,
    runtime: Runtime,
    *,
    run: int = 0,
    deadline: float | None = None,
    make: Make = Descent,
) -> Iterator[Step]:
    """One run, step by step; `estimate` is what it would give if it ended there.

    run: number of this run, which makes it independent of the others of the same seed;
    deadline: value of time.perf_counter() by which the last step must have ended.
    make: what goes down the gradient, and how.
    Notes: best_step, score (lower is better), restored (steps at which it diverged), and in the
    last step why it is the last.
    """
    descent = make(problem, settings, runtime, run, deadline)
    yield from runtime.memory.follow("fit", lambda last: descent.steps(), descent)


def over(made: int, iters: int, began: float, deadline: float | None) -> str:
    """Whether all steps are made or the next one would end after the deadline; "" if neither."""
    if made == iters:
        return f"all {iters} steps made"
    now = perf_counter()
    if deadline is not None and now + (now - began) / made > deadline:
        return "the time was up"
    return ""


def noted(rule: stopping.Rule, guard: Guard, why: str) -> dict[str, object]:
    """What is known of the run so far, as plain JSON facts."""
    facts: dict[str, object] = {"best_step": rule.best_step, "score": rule.score}
    if guard.restored:
        facts["restored"] = list(guard.restored)
    if why:
        facts["why"] = why
    return facts


def gray(problem: Problem) -> Tensor:
    """The observation's mean as a picture: what is known before the first good step."""
    y = problem.observation
    return y.nanmean((2, 3), keepdim=True).expand(1, y.shape[1], *problem.size)


def seen(known: Tensor | None, held: Tensor | None, device: torch.device) -> Tensor | None:
    """The weight of each observed pixel in the loss, (1, 1, h, w); None: all alike."""
    if held is None:
        return known
    free = (~held).float().to(device)
    return free if known is None else free * known


def seeded(seed: int, run: int) -> torch.Generator:
    """A CPU generator of its own for each run of each seed."""
    state = np.random.SeedSequence([seed, run]).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(state[0] >> np.uint64(1)))
