"""The stages of an enlargement: what explains the small picture, made consistent, filtered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from torch import Tensor

from dipcli.degradation.operators import Downsample
from dipcli.degradation.problem import Problem
from dipcli.degradation.projection import project
from dipcli.degradation.resizing import enlarged
from dipcli.learning.self_training import Plan, repeated
from dipcli.learning.zero_shot import ZeroShotRun
from dipcli.patches.completion import (
    FITTED_SIGMA,
    LEARNT_SIGMA,
    REPEATED_SIGMA,
    SMOOTH_SIGMA,
    back_projection,
)
from dipcli.presets.superres import SuperresSettings
from dipcli.prior.ensemble import ensemble
from dipcli.prior.fit import Run
from dipcli.stream.combinators import Reached, deadline_of, filter_steps, following, until_deadline
from dipcli.stream.step import Runtime, Step
from dipcli.tasks.cleaning import Cleaning


def superresolved(
    y: Tensor, scale: int, cleaning: Cleaning, settings: SuperresSettings, runtime: Runtime
) -> Iterator[Step]:
    """y, (1, C, h, w) in [0, 1], restored where it needs to be, and enlarged `scale` times."""
    deadline = deadline_of(settings, runtime)
    size = (scale * y.shape[2], scale * y.shape[3])
    if not cleaning.needed:
        yield from upscale_repeatedly(y, scale, settings, runtime, deadline)
        return
    last, rest = None, settings.planned
    if settings.repeats:
        rest += settings.repeats * settings.again().planned
    for last in until_deadline(cleaning.steps(y, settings, runtime, deadline), deadline):
        yield at_full_size(replace(last, total=last.total + rest), size)
    if last is not None:
        yield from following(
            last, upscale_repeatedly(last.estimate, scale, settings, runtime, deadline)
        )


def upscale_repeatedly(
    y: Tensor, scale: int, settings: SuperresSettings, runtime: Runtime, deadline: float | None
) -> Iterator[Step]:
    """y, (1, C, h, w), enlarged; again and again if the settings say so."""
    h, w = scale * y.shape[2], scale * y.shape[3]
    problem = Problem(y, (h, w), Downsample(scale, settings.kernel))
    if not settings.repeats:
        return upscale(problem, problem, settings, runtime, deadline)
    half = Downsample(scale // 2, settings.kernel)
    first_problem = (
        problem if settings.learns else Problem(y, (h // 2, w // 2), half)
    )  # enough to repeat
    first = upscale(first_problem, first_problem, settings, runtime, deadline)
    own = settings.again()

    def again(before: Step) -> Iterator[Step]:
        source = Problem(half(before.estimate).clamp(0, 1), problem.size, half)
        for step in upscale(source, problem, own, runtime, deadline):
            cut = step.stage != "fit" and step.index < own.planned_fit  # by the time: no better
            if step.stage == "fit" or cut:
                yield replace(step, estimate=before.estimate)
            else:
                yield step
            if cut:
                return

    plan = Plan(again, settings.repeats, own.planned)
    return repeated((at_full_size(step, problem.size) for step in first), plan, runtime, deadline)


def upscale(
    source: Problem,
    problem: Problem,
    settings: SuperresSettings,
    runtime: Runtime,
    deadline: float | None,
) -> Iterator[Step]:
    """A picture that explains `source`, projected to where it explains `problem`, then filtered.

    Both are of one size; the source is the problem itself, or a picture that is known better.
    """
    last = None
    make = ZeroShotRun if settings.learns else Run
    rest = 1 + settings.planned_passes if settings.project else 0
    fitted = ensemble(source, settings, runtime, deadline, make) if settings.fits else ()
    for last in fitted:
        yield replace(last, total=last.total + rest)
    if last is not None:
        if not settings.project:
            return
        last = projected(last, problem, settings.planned_passes)
        yield last
    if not settings.filters:
        return
    error = expected_error(settings, itself=source is problem)
    refined = until_deadline(filter_passes(last, problem, settings, runtime, error), deadline)
    for step in refined if last is None else following(last, refined):
        spread = None if last is None else last.spread
        yield replace(step, estimate=step.estimate.clamp(0, 1), spread=spread)


def expected_error(settings: SuperresSettings, *, itself: bool) -> float:
    """The standard deviation that the filter expects of the error of what it is given.

    itself: whether the network learnt from the observation itself.
    """
    if not settings.fits:
        return SMOOTH_SIGMA
    if not settings.learns:
        return FITTED_SIGMA
    return LEARNT_SIGMA if itself else REPEATED_SIGMA


def filter_passes(
    fitted: Step | None,
    problem: Problem,
    settings: SuperresSettings,
    runtime: Runtime,
    error: float,
) -> Iterator[Step]:
    """The passes of the patch-group filter, each consistent with what was observed.

    They begin with the picture that was fitted, or else with an interpolated one. error: of this
    picture, as a standard deviation.
    """
    y, operator = problem.observation, problem.operator
    if fitted is None:
        start = project(enlarged(y, problem.size), operator, y).clamp(0, 1)
    else:
        start = fitted.estimate

    def pictures(reached: Reached | None) -> Iterator[Tensor]:
        made, x = (0, start) if reached is None else reached
        passes, stride = settings.passes, settings.stride
        return back_projection(x, operator, y, passes, stride, error, made)

    return filter_steps(pictures, start, settings.passes, runtime.resume)


def at_full_size(step: Step, size: tuple[int, int]) -> Step:
    """The step, its estimate and spread interpolated to (H, W) = `size` if they are smaller.

    The output is then the estimate, too: another interpolation would cost as much again.
    """
    if step.estimate.shape[-2:] == size:
        return step
    spread = None if step.spread is None else enlarged(step.spread, size)
    picture = enlarged(step.estimate, size)
    return replace(step, output=picture, estimate=picture, spread=spread)


def projected(step: Step, problem: Problem, rest: int) -> Step:
    """The step after `step`: its estimate, projected so that reducing it gives the observation.

    rest: steps planned after it.
    """
    found = project(step.estimate, problem.operator, problem.observation).clamp(0, 1)
    index = step.index + 1
    total = index + 1 + rest
    return replace(step, index=index, total=total, stage="fusion", output=found, estimate=found)
