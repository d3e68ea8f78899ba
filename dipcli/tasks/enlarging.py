"""The stages of an enlargement: what explains the small picture, made consistent, filtered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from torch import Tensor

from dipcli.degradation.problem import Problem
from dipcli.degradation.projection import project
from dipcli.degradation.resizing import enlarged
from dipcli.learning.zero_shot import Learner
from dipcli.patches.completion import (
    FITTED_SIGMA,
    LEARNT_SIGMA,
    REPEATED_SIGMA,
    SMOOTH_SIGMA,
    refinements,
)
from dipcli.prior.ensemble import ensemble
from dipcli.prior.fit import Descent
from dipcli.settings import Settings
from dipcli.steps.step import Runtime, Step
from dipcli.steps.stream import Reached, after, passed, within


def enlarging(
    taught: Problem,
    problem: Problem,
    settings: Settings,
    runtime: Runtime,
    deadline: float | None,
) -> Iterator[Step]:
    """A picture that explains what is taught, moved to where it explains `problem`, filtered.

    Both are of one size; what is taught is the problem itself, or a better known picture.
    """
    last = None
    make = Learner if settings.net == "plain" else Descent
    rest = 1 + settings.passes if settings.project else 0
    for last in ensemble(taught, settings, runtime, deadline, make):
        yield replace(last, total=last.total + rest)
    if last is not None:
        if not settings.project:
            return
        last = consistent(last, problem, settings.passes)
        yield last
    error = expected(settings, itself=taught is problem)
    refined = within(refining(last, problem, settings, runtime, error), deadline)
    for step in refined if last is None else after(last, refined):
        spread = None if last is None else last.spread
        yield replace(step, estimate=step.estimate.clamp(0, 1), spread=spread)


def expected(settings: Settings, *, itself: bool) -> float:
    """The standard deviation that the filter expects of the error of what it is given.

    itself: whether what was taught was the observation itself.
    """
    if settings.runs == 0:
        return SMOOTH_SIGMA
    if settings.net != "plain":
        return FITTED_SIGMA
    return LEARNT_SIGMA if itself else REPEATED_SIGMA


def planned(settings: Settings) -> int:
    """The steps of `enlarging`, if none is left out."""
    return settings.runs * settings.iters + 1 + settings.passes


def refining(
    fitted: Step | None,
    problem: Problem,
    settings: Settings,
    runtime: Runtime,
    error: float,
) -> Iterator[Step]:
    """The passes of the patch-group filter, each consistent with what was observed.

    From the picture that was fitted, or else from an interpolated one. error: of this picture,
    as a standard deviation.
    """
    y, operator = problem.observation, problem.operator
    if fitted is None:
        start = project(enlarged(y, problem.size), operator, y).clamp(0, 1)
    else:
        start = fitted.estimate

    def pictures(reached: Reached | None) -> Iterator[Tensor]:
        made, x = (0, start) if reached is None else reached
        passes, stride = settings.passes, settings.stride
        return refinements(x, operator, y, passes, stride, error, made)

    return passed(pictures, start, settings.passes, runtime.memory)


def full(step: Step, size: tuple[int, int]) -> Step:
    """The step, its estimate and spread interpolated to (H, W) = `size` if they are smaller.

    The output is then the estimate, too: another interpolation would cost as much again.
    """
    if step.estimate.shape[-2:] == size:
        return step
    spread = None if step.spread is None else enlarged(step.spread, size)
    picture = enlarged(step.estimate, size)
    return replace(step, output=picture, estimate=picture, spread=spread)


def consistent(step: Step, problem: Problem, rest: int) -> Step:
    """The step after `step`: its estimate, moved so that reducing it gives the observation.

    rest: steps planned after it.
    """
    found = project(step.estimate, problem.operator, problem.observation).clamp(0, 1)
    index = step.index + 1
    total = index + 1 + rest
    return replace(step, index=index, total=total, stage="fusion", output=found, estimate=found)
