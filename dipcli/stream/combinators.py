"""Streams of steps: one after another, as many as there is time for, with what is known of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from time import perf_counter
from typing import TypeVar

import torch
from torch import Tensor

from dipcli.settings import Settings
from dipcli.stream.resume import ResumeState, Stateful
from dipcli.stream.step import Runtime, Step

B = TypeVar("B", bound=Settings)
LEAST_TIME = 1e-3  # seconds


def deadline_of(settings: Settings, runtime: Runtime) -> float | None:
    """The perf_counter() time at which the budget is spent: from now, what is left of it."""
    if settings.time is None:
        return None
    return perf_counter() + settings.time - runtime.resume.seconds


def remaining(settings: B, deadline: float | None, runtime: Runtime) -> B:
    """The settings whose budget ends at `deadline`; one step is made even if it is over."""
    if deadline is None:
        return settings
    left = max(LEAST_TIME, deadline - perf_counter())
    return replace(settings, time=left + runtime.resume.seconds)


def with_facts(steps: Iterable[Step], **facts: object) -> Iterator[Step]:
    """The same steps, each with `facts` among its notes."""
    for step in steps:
        yield replace(step, notes={**facts, **step.notes})


def until_deadline(
    steps: Iterable[Step], deadline: float | None, longer: float = 1.0
) -> Iterator[Step]:
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


def following(step: Step, steps: Iterable[Step]) -> Iterator[Step]:
    """`steps`, counted on from `step`."""
    first = step.index + 1
    for later in steps:
        yield replace(later, index=first + later.index, total=first + later.total)


Reached = tuple[int, Tensor]  # how many passes of a filter were made, and what they gave


def filter_steps(
    estimates: Callable[[Reached | None], Iterable[Tensor]],
    start: Tensor,
    total: int,
    resume: ResumeState,
    subject: Stateful | None = None,
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

    return resume.resumable(name, steps, subject)
