"""Several short runs err differently: their average is better, their disagreement is honest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from time import perf_counter

import torch
from torch import Tensor

from dipcli.prior.fit import Problem, fit
from dipcli.prior.step import Runtime, Step
from dipcli.settings import Settings

WORTH_STARTING = 0.25  # of the time the last run took: with less, another run is not begun


@dataclass(frozen=True)
class Mean:
    """The weighted average of runs, and their disagreement."""

    weight: float = 0.0
    value: Tensor | None = None  # (1, C, H, W)
    square: Tensor | None = None  # weighted mean of squares
    runs: int = 0

    def joined(self, estimate: Tensor, score: float) -> Mean:
        """The average with one more run in it."""
        weight = trust(score)
        total = self.weight + weight
        if self.value is None or self.square is None:
            return Mean(total, estimate, estimate.square(), 1)
        value = torch.lerp(self.value, estimate, weight / total)
        square = torch.lerp(self.square, estimate.square(), weight / total)
        return Mean(total, value, square, self.runs + 1)

    def spread(self) -> Tensor | None:
        """The standard deviation between runs, (1, 1, H, W); None before the second."""
        if self.value is None or self.square is None or self.runs < 2:
            return None
        variance = (self.square - self.value.square()).clamp_min(0)
        return variance.mean(1, keepdim=True).sqrt()


def trust(score: float) -> float:
    """The weight of a run: its error to the power of -4, so that a failed run hardly counts."""
    return min(max(score, 1e-12), 1e12) ** -4


def ensemble(
    problem: Problem, settings: Settings, runtime: Runtime, deadline: float | None = None
) -> Iterator[Step]:
    """`settings.runs` independent runs as one sequence of steps.

    `estimate` is the weighted average over the runs so far, `index` counts through all runs,
    and `total` shrinks when a run stops early.
    """
    finished = Mean()
    done: list[dict[str, object]] = []
    index = 0
    for run in range(settings.runs):
        began = perf_counter()
        mean, facts = finished, {}
        for step in fit(problem, settings, runtime, run=run, deadline=deadline):
            mean = finished.joined(step.estimate, float(str(step.notes["score"])))
            facts = {"steps": step.index + 1, **step.notes}
            yield replace(
                step,
                index=index,
                total=index - step.index + (settings.runs - run) * settings.iters,
                estimate=step.estimate if mean.value is None else mean.value,
                spread=mean.spread(),
                notes={"runs": [*done, facts]},
            )
            index += 1
        finished = mean
        done.append(facts)
        now = perf_counter()
        if deadline is not None and now + WORTH_STARTING * (now - began) > deadline:
            return
