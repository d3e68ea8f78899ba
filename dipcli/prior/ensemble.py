"""Several short runs err differently: their average is better, their disagreement is honest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from time import perf_counter

import torch
from torch import Tensor

from dipcli.degradation.problem import Problem
from dipcli.prior.fit import Make, Run, fit
from dipcli.stages import FitSettings
from dipcli.stream.resume import AttributeState
from dipcli.stream.step import Runtime, Step

CATCHING_UP = 12  # 20 % more error than the best run, noise included: a ninth of the weight
WORTH_STARTING = 0.25  # of the time the last run took: with less, another run is not begun


@dataclass(frozen=True)
class Mean:
    """The weighted average of runs, and their disagreement."""

    weight: float
    value: Tensor  # (1, C, H, W)
    square: Tensor  # weighted mean of squares
    runs: int = 1

    @classmethod
    def of(cls, estimate: Tensor, weight: float) -> Mean:
        """The average of one run."""
        return cls(weight, estimate, estimate.square())

    def joined(self, other: Mean) -> Mean:
        """The average over the runs of both."""
        total = self.weight + other.weight
        share = other.weight / total
        return Mean(
            total,
            torch.lerp(self.value, other.value, share),
            torch.lerp(self.square, other.square, share),
            self.runs + other.runs,
        )

    def spread(self) -> Tensor | None:
        """The standard deviation between runs, (1, 1, H, W); None for a single run."""
        if self.runs < 2:
            return None
        variance = (self.square - self.value.square()).clamp_min(0)
        return variance.mean(1, keepdim=True).sqrt()


def run_weight(score: float, others: list[float], ended: bool) -> float:
    """The weight of a run with held-out error `score` beside finished runs with theirs.

    Finished runs count by the inverse square of their error, so that good ones count nearly
    alike and a failed one hardly; one that is still on its way joins as it catches up.
    """
    weight = max(score, 1e-12) ** -2
    if ended or not others:
        return weight
    return weight * min(1.0, min(others) / max(score, 1e-12)) ** CATCHING_UP


@dataclass
class Finished(AttributeState):
    """The runs that have ended: their average, what is known of each, their errors, their steps."""

    mean: Mean | None = None
    facts: list[dict[str, object]] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    steps: int = 0


def ensemble(
    problem: Problem,
    settings: FitSettings,
    runtime: Runtime,
    deadline: float | None = None,
    make: Make = Run,
) -> Iterator[Step]:
    """`settings.runs` independent runs, each made by `make`, as one sequence of steps.

    `estimate` is the weighted average over the runs so far, `index` counts through all runs,
    and `total` shrinks when a run stops early.
    """
    done = Finished()
    yield from runtime.resume.resumable(
        "ensemble", lambda last: averaged(done, problem, settings, runtime, deadline, make), done
    )


def averaged(
    done: Finished,
    problem: Problem,
    settings: FitSettings,
    runtime: Runtime,
    deadline: float | None,
    make: Make,
) -> Iterator[Step]:
    """The steps of the runs that are not among those done, which they join as they end."""
    for run in range(len(done.scores), settings.runs):
        began = perf_counter()
        for step in fit(problem, settings, runtime, run=run, deadline=deadline, make=make):
            ended = "why" in step.notes
            score = float(str(step.notes["score"]))
            mean = Mean.of(step.estimate, run_weight(score, done.scores, ended))
            mean = mean if done.mean is None else done.mean.joined(mean)
            facts = {"steps": step.index + 1, **step.notes}
            yield replace(
                step,
                index=done.steps + step.index,
                total=done.steps + (settings.runs - run) * settings.iters,
                estimate=mean.value,
                spread=mean.spread(),
                notes={"runs": [*done.facts, facts]},
            )
        done.mean = mean
        done.facts.append(facts)
        done.scores.append(score)
        done.steps += step.index + 1
        now = perf_counter()
        if deadline is not None and now + WORTH_STARTING * (now - began) > deadline:
            return
