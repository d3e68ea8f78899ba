"""The loop: find weights so that the degraded output of the network matches the observation.

theta* = argmin loss( operator( net_theta(z) ), y ),   stopped before the noise is learnt
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from dipcli.prior import inputs, losses, networks, optimizers, stopping
from dipcli.prior.operators import Identity, Operator
from dipcli.prior.step import Runtime, Step
from dipcli.settings import Settings

SAVE_EVERY = 20  # steps between the states that a diverged run goes back to


@dataclass(frozen=True, eq=False)
class Problem:
    """What the network has to explain.

    observation: (1, C, h, w) float32 in [0, 1]; size: (H, W) of the picture sought;
    known: (1, 1, h, w) float32, 1 where the observation counts, None for everywhere;
    picture: (1, D, H, W), a picture to start from when the input kind is "picture".
    """

    observation: Tensor
    size: tuple[int, int]
    operator: Operator = field(default_factory=Identity)
    known: Tensor | None = None
    picture: Tensor | None = None


class Run:
    """Everything that changes during one run; what divergence has to restore."""

    def __init__(
        self, problem: Problem, settings: Settings, runtime: Runtime, seed_of_run: int
    ) -> None:
        """Draw z, the network and the held-out pixels from one generator."""
        device = runtime.device
        generator = seeded(runtime.seed, seed_of_run)
        canvas = networks.canvas(problem.size, settings)
        y = problem.observation
        z = inputs.draw(settings.input, canvas, settings.input_depth, generator, problem.picture)
        layout = torch.contiguous_format if device.type == "mps" else torch.channels_last
        net = networks.build(settings, z.shape[1], y.shape[1], generator)
        self.net: nn.Module = net.to(device).to(memory_format=layout)  # type: ignore[call-overload]
        self.optimizers: list[Optimizer] = optimizers.build(
            settings.optimizer, self.net, settings.lr
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
        return x[..., : self.size[0], : self.size[1]]

    def descend(self, loss: Tensor) -> None:
        """One step of every optimizer down the gradient of the loss."""
        loss.backward()  # type: ignore[no-untyped-call]
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)

    def state(self) -> dict[str, Any]:
        """A deep copy of weights, optimizers, average and stopping rule."""
        return copy.deepcopy(
            {
                "net": self.net.state_dict(),
                "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
                "average": self.average,
                "rule": self.rule,
            }
        )

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to a state; the noise of the next step is another one."""
        state = copy.deepcopy(state)
        self.net.load_state_dict(state["net"])
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
            optimizer.zero_grad(set_to_none=True)
        self.average, self.rule = state["average"], state["rule"]


class Guard:
    """Notices divergence (not a number, or a fit 5 dB worse) and goes back to a good state."""

    def __init__(self, run: Run, kind: str) -> None:
        """kind: the loss."""
        self.run = run
        self.kind = kind
        self.state = run.state()
        self.saved_at = -1
        self.saved_loss = float("inf")
        self.restored: list[int] = []
        self.restored_from = -2

    def passes(self, step: int, loss: float) -> bool:
        """Whether the run may go on from here; if not, it has been set back.

        A second fall from the same state halves the steps, lest it go on for ever.
        """
        if np.isfinite(loss) and not losses.fallen(self.kind, self.saved_loss, loss):
            if self.saved_at < 0 or step - self.saved_at >= SAVE_EVERY:
                self.state, self.saved_at, self.saved_loss = self.run.state(), step, loss
            return True
        if self.restored_from == self.saved_at:
            for saved in self.state["optimizers"]:
                for group in saved["param_groups"]:
                    group["lr"] *= 0.5
        self.run.restore(self.state)
        self.restored.append(step)
        self.restored_from = self.saved_at
        return False


def fit(
    problem: Problem,
    settings: Settings,
    runtime: Runtime,
    *,
    run: int = 0,
    deadline: float | None = None,
) -> Iterator[Step]:
    """One run, step by step; `estimate` is the average of outputs at the best step so far.

    run: number of this run, which makes it independent of the others of the same seed;
    deadline: value of time.perf_counter() by which the last step must have ended.
    Notes: best_step, score (lower is better), restored (steps at which it diverged), and in the
    last step why it is the last.
    """
    state = Run(problem, settings, runtime, run)
    guard = Guard(state, settings.loss)
    y = problem.observation
    began = perf_counter()
    for index in range(settings.iters):
        with reproducible(runtime.device):
            output = state.output()
            fitted = problem.operator(output)
            loss = losses.masked(settings.loss, fitted, y, state.weight)
            good = guard.passes(index, loss.item())
            if good:
                output, fitted = output.detach(), fitted.detach()
                state.rule.update(index, output, fitted, state.average.update(output))
                state.descend(loss)
        rule = state.rule
        best = gray(problem) if rule.best is None else rule.best
        why = ending(rule, index + 1, settings.iters, began, deadline)
        yield Step(
            index=index,
            total=settings.iters,
            stage="fit",
            run=run,
            loss=loss.detach() if good else y.new_tensor(guard.saved_loss),
            output=output if good else best,
            estimate=best,
            notes=noted(rule, guard, why),
        )
        if why:
            return


def ending(rule: stopping.Rule, made: int, iters: int, began: float, deadline: float | None) -> str:
    """Why the run ends after `made` steps; "" if it goes on."""
    if rule.done:
        return rule.why()
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


def reproducible(device: torch.device) -> AbstractContextManager[None]:
    """The same bytes from the same seed: deterministic convolutions on CUDA."""
    if device.type != "cuda":
        return nullcontext()
    return torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True)
