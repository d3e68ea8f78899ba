"""Super-resolution: a reduced picture was observed; the network fills in what was lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dipcli import presets
from dipcli.errors import UsageError
from dipcli.prior.completion import (
    FITTED_SIGMA,
    LEARNT_SIGMA,
    REPEATED_SIGMA,
    SMOOTH_SIGMA,
    refinements,
)
from dipcli.prior.ensemble import ensemble
from dipcli.prior.examples import enlarged
from dipcli.prior.fit import Descent, Problem
from dipcli.prior.internal import Learner
from dipcli.prior.operators import Downsample
from dipcli.prior.projection import project
from dipcli.prior.step import Runtime, Step
from dipcli.settings import KERNELS, Settings
from dipcli.tasks import trust
from dipcli.tasks.base import Reached, Task, after, annotated, deadline_of, passed, within
from dipcli.tasks.repeats import Plan, repeated

SCALES = (2, 3, 4, 8)
REPEATING = (4, 8)  # scales that leave something to enlarge from twice the observation's size


class SuperRes(Task):
    """Enlarge a picture."""

    name = "superres"
    enlarges = True

    def __init__(self, image: NDArray[Any], scale: int, kernel: str | None) -> None:
        """scale: one of SCALES; kernel: what made the small picture, None: the preset's."""
        super().__init__(image)
        if scale not in SCALES:
            raise UsageError(f"scale is {scale}; choose from {', '.join(map(str, SCALES))}")
        if kernel is not None and kernel not in KERNELS:
            raise UsageError(f"kernel is {kernel!r}; choose from {', '.join(KERNELS)}")
        self.scale = scale
        self.kernel = kernel

    @property
    def kind(self) -> str:
        """Published settings differ between x4 and x8."""
        return f"x{self.scale}"

    def settings(self, preset: str = "auto", **overrides: object) -> Settings:
        """As for every task; a kernel given to the task replaces the preset's."""
        found = super().settings(preset, **{"kernel": self.kernel, **overrides})
        if found.repeats and not (self.scale in REPEATING and found.project):
            raise UsageError("repeats need a scale of 4 or 8, and project; set them to 0")
        return found

    def first_guess(self, device: torch.device) -> Tensor:
        """Enlarged by interpolation."""
        return enlarged(self.pixels.tensor(device), self.output_shape[:2])

    def steps(self, settings: Settings, runtime: Runtime) -> Iterator[Step]:
        """The ensemble, one step that makes it consistent with what was observed, the filter."""
        stages = self._stages(settings, runtime)
        yield from annotated(stages, scale=self.scale, kernel=settings.kernel)

    def evidence(self, result: NDArray[np.float32], settings: Settings) -> dict[str, object]:
        """The noise of the small picture, and how far the result, reduced again, is from it."""
        operator = Downsample(self.scale, settings.kernel)
        again = trust.reduced(result, self.observation, operator, self.scale)
        return {"noise_before": trust.level(self.observation), "residual": again}

    def _stages(self, settings: Settings, runtime: Runtime) -> Iterator[Step]:
        deadline = deadline_of(settings, runtime)
        y, (h, w, _) = self.pixels.tensor(runtime.device), self.output_shape
        problem = Problem(y, (h, w), Downsample(self.scale, settings.kernel))
        if not settings.repeats:
            return enlarging(problem, problem, settings, runtime, deadline)
        half = Downsample(self.scale // 2, settings.kernel)
        plain = settings.net == "plain"
        begun = problem if plain else Problem(y, (h // 2, w // 2), half)  # a repeat needs no more
        first = enlarging(begun, begun, settings, runtime, deadline)
        lesson = presets.lesson(settings)
        all_learnt = lesson.runs * lesson.iters

        def again(before: Step) -> Iterator[Step]:
            taught = Problem(half(before.estimate).clamp(0, 1), problem.size, half)
            for step in enlarging(taught, problem, lesson, runtime, deadline):
                cut = step.stage != "fit" and step.index < all_learnt  # by the time: no better
                if step.stage == "fit" or cut:
                    yield replace(step, estimate=before.estimate)
                else:
                    yield step
                if cut:
                    return

        plan = Plan(again, settings.repeats, planned(lesson))
        return repeated((full(step, problem.size) for step in first), plan, runtime, deadline)


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


def superres(image: NDArray[Any], *, scale: int = 4, kernel: str | None = None) -> SuperRes:
    """The task of enlarging `image`, (H, W) or (H, W, C), `scale` times.

    kernel: the low-pass that made the small picture (lanczos2, lanczos3, bicubic, box,
    gauss); None: bicubic, or as the preset says. Raises UsageError.
    """
    return SuperRes(image, scale, kernel)
