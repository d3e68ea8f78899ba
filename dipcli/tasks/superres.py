"""Super-resolution: a reduced picture was observed; the network fills in what was lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from dipcli.errors import UsageError
from dipcli.prior.completion import FITTED_SIGMA, LEARNT_SIGMA, SMOOTH_SIGMA, refinements
from dipcli.prior.ensemble import ensemble
from dipcli.prior.fit import Descent, Problem
from dipcli.prior.internal import Learner
from dipcli.prior.operators import Downsample
from dipcli.prior.projection import project
from dipcli.prior.step import Runtime, Step
from dipcli.settings import KERNELS, Settings
from dipcli.tasks import trust
from dipcli.tasks.base import Reached, Task, after, annotated, deadline_of, passed, within

SCALES = (2, 3, 4, 8)


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
        return super().settings(preset, **{"kernel": self.kernel, **overrides})

    def first_guess(self, device: torch.device) -> Tensor:
        """Enlarged by interpolation."""
        small = self.pixels.tensor(device)
        return F.interpolate(small, scale_factor=self.scale, mode="bicubic").clamp_(0, 1)

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
        h, w, _ = self.output_shape
        operator = Downsample(self.scale, settings.kernel)
        problem = Problem(self.pixels.tensor(runtime.device), (h, w), operator)
        last = None
        make = Learner if settings.net == "plain" else Descent
        for last in ensemble(problem, settings, runtime, deadline, make):
            yield last
        if last is not None:
            if not settings.project:
                return
            last = consistent(last, problem)
            yield last
        refined = within(refining(last, self.first_guess, problem, settings, runtime), deadline)
        for step in refined if last is None else after(last, refined):
            spread = None if last is None else last.spread
            yield replace(step, estimate=step.estimate.clamp(0, 1), spread=spread)


def refining(
    fitted: Step | None,
    first_guess: Callable[[torch.device], Tensor],
    problem: Problem,
    settings: Settings,
    runtime: Runtime,
) -> Iterator[Step]:
    """The passes of the patch-group filter, each consistent with what was observed.

    From the picture that was fitted, or else from the first guess.
    """
    y, operator = problem.observation, problem.operator
    if fitted is None:
        start, sigma = project(first_guess(runtime.device), operator, y).clamp(0, 1), SMOOTH_SIGMA
    else:
        start, sigma = fitted.estimate, LEARNT_SIGMA if settings.net == "plain" else FITTED_SIGMA

    def pictures(reached: Reached | None) -> Iterator[Tensor]:
        made, x = (0, start) if reached is None else reached
        passes, stride = settings.passes, settings.stride
        return refinements(x, operator, y, passes, stride, sigma, made)

    return passed(pictures, start, settings.passes, runtime.memory)


def consistent(step: Step, problem: Problem) -> Step:
    """The step after `step`: its estimate, moved so that reducing it gives the observation."""
    estimate = project(step.estimate, problem.operator, problem.observation).clamp(0, 1)
    index = step.index + 1
    return replace(
        step, index=index, total=index + 1, stage="fusion", output=estimate, estimate=estimate
    )


def superres(image: NDArray[Any], *, scale: int = 4, kernel: str | None = None) -> SuperRes:
    """The task of enlarging `image`, (H, W) or (H, W, C), `scale` times.

    kernel: the low-pass that made the small picture (lanczos2, lanczos3, bicubic, box,
    gauss); None: bicubic, or as the preset says. Raises UsageError.
    """
    return SuperRes(image, scale, kernel)
