"""Enlarging again and again: the result teaches more than the little that was observed.

Reduced to twice the size of the observation, a result has what the observation lacks, and is
nearer to the truth than at full size. A network that learns from it how to enlarge it finds a
better result, which teaches better still: Zero-Shot Super-Resolution (Shocher, Cohen, Irani
2018) with its own result in the place of the input.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from time import perf_counter

from dipcli.stream.resume import AttributeState
from dipcli.stream.step import Runtime, Step


@dataclass(frozen=True)
class Plan:
    """`again` makes the steps of a repeat, from those after a given one; `each` is their number."""

    again: Callable[[Step], Iterator[Step]]
    times: int
    each: int


@dataclass
class Repeats(AttributeState):
    """How many were made, the last step, and the seconds since the one before them."""

    made: int = 0
    last: Step | None = None
    seconds: float = 0.0


def repeated(
    first: Iterator[Step], plan: Plan, runtime: Runtime, deadline: float | None
) -> Iterator[Step]:
    """The steps of `first`, which are one or more, and of the repeats there is time for.

    Steps of a repeat keep what is known of the runs in `first`. A repeat is expected to take as
    long as what came before it.
    """
    repeats = Repeats()

    def steps(_: Step | None) -> Iterator[Step]:
        while repeats.made <= plan.times:
            began = perf_counter()
            before = repeats.last
            if before is not None and deadline is not None and began + repeats.seconds > deadline:
                return
            last = before
            for step in first if before is None else continued(before, plan, repeats.made):
                left = plan.times - repeats.made
                last = replace(step, total=step.total + left * plan.each)
                yield last
            repeats.last = last
            repeats.made += 1
            repeats.seconds = perf_counter() - began

    return runtime.resume.resumable("repeats", steps, repeats)


def continued(before: Step, plan: Plan, number: int) -> Iterator[Step]:
    """The steps of a repeat, counted and noted as those after `before`."""
    first = before.index + 1
    for step in plan.again(before):
        notes = {**step.notes, **before.notes, "repeats": number}
        index, total = first + step.index, first + step.total
        yield replace(step, index=index, total=total, spread=before.spread, notes=notes)
