"""What every run down a gradient has: a network, its optimizers, a number of steps, a deadline."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from time import perf_counter
from typing import Any, Protocol, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from dipcli.degradation.problem import Problem
from dipcli.prior import optimizers
from dipcli.stream.step import Runtime, Step


class Descending(Protocol):
    """What settings have that lead down a gradient."""

    @property
    def optimizer(self) -> str:
        """Its name."""
        ...

    @property
    def lr(self) -> float:
        """The learning rate."""
        ...

    @property
    def iters(self) -> int:
        """Steps of a run, at most."""
        ...


class GradientRun(ABC):
    """One run of a network, whose kind a subclass knows; it goes on from its state to the byte.

    A subclass draws from `generator` alone, and calls `place` once with its network.
    """

    settings: Descending
    net: nn.Module
    optimizers: list[Optimizer]

    def __init__(
        self,
        problem: Problem,
        settings: Descending,
        runtime: Runtime,
        number: int,
        deadline: float | None,
    ) -> None:
        """number: makes it independent of others of the same seed; deadline: see `fit`."""
        self.problem, self.settings, self.runtime = problem, settings, runtime
        self.number, self.deadline = number, deadline
        self.generator = seeded(runtime.seed, number)
        on_mps = runtime.device.type == "mps"
        self.layout = torch.contiguous_format if on_mps else torch.channels_last
        self.every = runtime.looks(deadline)
        self.steps_made = 0
        self.stop_reason = ""  # empty until the last step is made

    def place(self, net: nn.Module, *pictures: nn.Parameter, fixed: bool = False) -> None:
        """Bring the network to the device; its optimizers and the time of the run begin.

        pictures: what is optimised beside it, on the device; fixed: whether it is not, itself.
        """
        settings, runtime = self.settings, self.runtime
        self.net = net.to(runtime.device).to(memory_format=self.layout)  # type: ignore[call-overload]
        self.pictures = pictures
        weights = () if fixed else net.requires_grad_(True).parameters()
        self.optimizers = optimizers.build(
            settings.optimizer, weights, settings.lr, runtime.amp, pictures
        )
        self.began = perf_counter()

    def steps(self) -> Iterator[Step]:
        """Every step from here to the end."""
        while not self.stop_reason:
            yield self.step()

    @abstractmethod
    def step(self) -> Step:
        """One step down the gradient."""

    def apply_net(self, x: Tensor) -> Tensor:
        """net(x), in the precision of the runtime."""
        amp = self.runtime.amp
        with torch.autocast(self.runtime.device.type, dtype=amp, enabled=amp is not None):
            output: Tensor = self.net(x)
        return output

    def descend(self, loss: Tensor) -> None:
        """One step of every optimizer down the gradient of the loss."""
        loss.backward()  # type: ignore[no-untyped-call]
        for optimizer in self.optimizers:
            optimizer.step(lambda: cast("float", loss.detach()))  # LBFGS asks for it
            optimizer.zero_grad(set_to_none=True)

    def count_step(self) -> None:
        """A step is made; it is the last one if the budget is spent."""
        self.steps_made += 1
        self.stop_reason = budget_spent(
            self.steps_made, self.settings.iters, self.began, self.deadline
        )

    def as_step(
        self, loss: Tensor, output: Tensor, estimate: Tensor, facts: dict[str, object]
    ) -> Step:
        """The step that was counted last, with `facts` and why it is the last among its notes."""
        return Step(
            index=self.steps_made - 1,
            total=self.settings.iters,
            stage="fit",
            run=self.number,
            loss=loss,
            output=output,
            estimate=estimate,
            notes=facts | ({"why": self.stop_reason} if self.stop_reason else {}),
        )

    def snapshot(self) -> dict[str, Any]:
        """What a step down the gradient changes; the next one changes what is in it."""
        found: dict[str, Any] = {
            "net": self.net.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
        }
        return found | (
            {"pictures": [one.detach() for one in self.pictures]} if self.pictures else {}
        )

    def go_back(self, snapshot: dict[str, Any]) -> None:
        """Be as at a snapshot; what is drawn next is something else."""
        self.net.load_state_dict(snapshot["net"])
        with torch.no_grad():
            for one, saved in zip(self.pictures, snapshot.get("pictures", ()), strict=True):
                one.copy_(saved)
        for optimizer, saved in zip(self.optimizers, snapshot["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
            optimizer.zero_grad(set_to_none=True)

    def state_dict(self) -> dict[str, Any]:
        """The snapshot, the draws to come, and how far it is."""
        return {
            "snapshot": self.snapshot(),
            "generator": self.generator.get_state(),
            "steps_made": self.steps_made,
            "stop_reason": self.stop_reason,
            "seconds": perf_counter() - self.began,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state of the same problem, settings and seed."""
        self.go_back(state["snapshot"])
        self.generator.set_state(state["generator"])
        self.steps_made, self.stop_reason = state["steps_made"], state["stop_reason"]
        self.began = perf_counter() - state["seconds"]


def budget_spent(steps_made: int, iters: int, began: float, deadline: float | None) -> str:
    """Why no step is left: all are made, or the next would end after the deadline; else ""."""
    if steps_made == iters:
        return f"all {iters} steps made"
    now = perf_counter()
    if deadline is not None and now + (now - began) / steps_made > deadline:
        return "the time was up"
    return ""


def seeded(seed: int, number: int) -> torch.Generator:
    """A CPU generator of its own for each run of each seed."""
    state = np.random.SeedSequence([seed, number]).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(state[0] >> np.uint64(1)))
