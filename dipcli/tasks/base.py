"""The shape that every task has: from a picture to steps, and from an estimate to a picture."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from time import perf_counter
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dipcli import presets
from dipcli.errors import UsageError
from dipcli.prior.memory import Changing, Memory
from dipcli.prior.step import Runtime, Step
from dipcli.settings import Settings
from dipcli.tasks.arrays import Pixels, Window, to_array

LEAST_TIME = 1e-3  # seconds


class Task(ABC):
    """One picture and what is to be done with it."""

    name: ClassVar[str]
    scale: int = 1  # of the result, in pixels of the observation
    divisible: ClassVar[bool] = True  # whether it can be done tile by tile
    enlarges: ClassVar[bool] = False

    def __init__(self, image: NDArray[Any]) -> None:
        """image: (H, W) or (H, W, C), uint8, uint16 or float in [0, 1]; else UsageError."""
        self.pixels = Pixels.of(image)

    @property
    def observation(self) -> NDArray[np.float32]:
        """What was observed, (H, W, C) float32 in [0, 1]."""
        return self.pixels.values

    @property
    def output_shape(self) -> tuple[int, int, int]:
        """(H, W, C) of the result."""
        h, w, c = self.observation.shape
        return h * self.scale, w * self.scale, c

    @property
    def kind(self) -> str:
        """The kind of picture or damage that presets distinguish; "" for the usual one."""
        return ""

    def settings(self, preset: str = "auto", **overrides: object) -> Settings:
        """The preset for this task and kind, with single fields replaced; or UsageError."""
        found = presets.resolve(self.name, preset, self.kind).override(**overrides)
        if found.net == "plain" and not self.enlarges:
            raise UsageError("net plain learns to enlarge, nothing else; choose slim or skip")
        if found.repeats and not self.enlarges:
            raise UsageError("repeats are of enlarging, nothing else; set them to 0")
        return found

    def concerns(self, window: Window) -> bool:
        """Whether there is anything to do in a window of the observation."""
        return True

    def context(self, window: Window) -> Window:
        """How much of the observation has to be seen for what is in `window`."""
        return window

    def part(self, window: Window) -> Self:
        """The same task on a window; what is global stays as found on the whole picture."""
        part = copy.copy(self)
        part.pixels = self.pixels.part(window)
        return part

    def take_over(self, picture: Tensor, settled: Tensor) -> None:  # noqa: B027 - most need not
        """Learn what was restored before: picture, (1, C, H, W), where settled, (H, W), is True."""

    def first_guess(self, device: torch.device) -> Tensor:
        """What stands for a result before there is one, (1, C, H, W), a tensor of its own."""
        return self.pixels.tensor(device)

    @abstractmethod
    def steps(self, settings: Settings, runtime: Runtime) -> Iterator[Step]:
        """Restore, step after step; the last step's estimate is the result."""

    def evidence(self, result: NDArray[np.float32], settings: Settings) -> dict[str, object]:
        """What tells without the truth how far `result` can be trusted; plain JSON.

        result: what was rendered, (H, W, C) float32 in [0, 1]. A key "warning" holds one line.
        """
        return {}

    def render(self, estimate: Tensor) -> NDArray[Any]:
        """An estimate, (1, C, H, W), as an array of the input's dtype and layout."""
        return self.pixels.like(to_array(estimate))

    def judged(self, estimate: Tensor, rendered: NDArray[Any]) -> NDArray[Any]:
        """What `evidence` is to speak of: what was rendered, but for what the user mixed in."""
        return rendered


def deadline_of(settings: Settings, runtime: Runtime) -> float | None:
    """The perf_counter() time at which the budget is spent: from now, what is left of it."""
    if settings.time is None:
        return None
    return perf_counter() + settings.time - runtime.memory.seconds


def remaining(settings: Settings, deadline: float | None, runtime: Runtime) -> Settings:
    """The settings whose budget ends at `deadline`; one step is made even if it is over."""
    if deadline is None:
        return settings
    left = max(LEAST_TIME, deadline - perf_counter())
    return replace(settings, time=left + runtime.memory.seconds)


def annotated(steps: Iterable[Step], **facts: object) -> Iterator[Step]:
    """The same steps, each with `facts` among its notes."""
    for step in steps:
        yield replace(step, notes={**facts, **step.notes})


def within(steps: Iterable[Step], deadline: float | None, longer: float = 1.0) -> Iterator[Step]:
    """The same steps, as many as end before the deadline if each takes as long as the last.

    The first is always made. longer: how many times as long as the last a step may take.
    """
    began = perf_counter()
    for step in steps:
        if deadline is not None:
            step.loss.item()  # a device may only have been told what to do
        took = perf_counter() - began
        yield step
        began = perf_counter()
        if deadline is not None and began + longer * took > deadline:
            return


def after(step: Step, steps: Iterable[Step]) -> Iterator[Step]:
    """`steps`, counted on from `step`."""
    first = step.index + 1
    for later in steps:
        yield replace(later, index=first + later.index, total=first + later.total)


Reached = tuple[int, Tensor]  # how many passes of a filter were made, and what they gave


def passed(
    estimates: Callable[[Reached | None], Iterable[Tensor]],
    start: Tensor,
    total: int,
    memory: Memory,
    subject: Changing | None = None,
    name: str = "filter",
) -> Iterator[Step]:
    """Estimates of a filter as steps of a stage, called `name`.

    estimates: makes those after what is reached, None for all. loss is the mean square of how
    far each moved, from `start` on; total: steps planned; subject: what changes in the filter
    beside the estimate.
    """

    @torch.no_grad()  # only while a step is made, not while it rests between two
    def steps(last: Step | None) -> Iterator[Step]:
        reached = None if last is None else (last.index + 1, last.estimate)
        made, before = (0, start) if reached is None else reached
        for index, estimate in enumerate(estimates(reached), made):
            loss = (estimate - before).square().mean()
            yield Step(index, total, name, 0, loss, estimate, estimate)
            before = estimate

    return memory.follow(name, steps, subject)
