"""Super-resolution: a reduced picture was observed; the network fills in what was lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from numbers import Integral
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dipcli import presets
from dipcli.degradation.coding import JpegCoding
from dipcli.errors import UsageError
from dipcli.prior.examples import enlarged
from dipcli.prior.fit import Problem
from dipcli.prior.operators import Downsample
from dipcli.prior.step import Runtime, Step
from dipcli.settings import KERNELS, Settings
from dipcli.tasks import trust
from dipcli.tasks.arrays import Window
from dipcli.tasks.base import Task, after, annotated, deadline_of, within
from dipcli.tasks.cleaning import Cleaning
from dipcli.tasks.enlarging import enlarging, full, planned
from dipcli.tasks.repeats import Plan, repeated

SCALES = (2, 3, 4, 8)
REPEATING = (4, 8)  # scales that leave something to enlarge from twice the observation's size


class SuperRes(Task):
    """Enlarge a picture."""

    name = "superres"
    enlarges = True

    def __init__(
        self,
        image: NDArray[Any],
        scale: int,
        kernel: str | None,
        coding: JpegCoding | None = None,
        as_is: bool = False,
    ) -> None:
        """scale: one of SCALES; kernel: what made the small picture, None: the preset's; coding:
        of the JPEG file that the image comes from, None to look for one in the pixels; as_is:
        whether noise and JPEG artefacts are enlarged, too."""
        super().__init__(image)
        given: object = scale
        if not isinstance(given, Integral):
            raise UsageError(
                f"scale is {given!r}, a {type(given).__name__}; it must be a whole number (int): "
                f"{', '.join(map(str, SCALES))}"
            )
        if scale not in SCALES:
            raise UsageError(f"scale is {scale}; choose from {', '.join(map(str, SCALES))}")
        if kernel is not None and kernel not in KERNELS:
            raise UsageError(f"kernel is {kernel!r}; choose from {', '.join(KERNELS)}")
        self.scale = int(scale)
        self.kernel = kernel
        self.coding = coding
        self.as_is = as_is

    @cached_property
    def cleaning(self) -> Cleaning:
        """What is wrong with the small picture, and is taken away before."""
        return Cleaning() if self.as_is else Cleaning.of(self.observation, self.coding)

    def part(self, window: Window) -> Self:
        """With the damage of the whole picture."""
        part = super().part(window)
        part.cleaning = self.cleaning.part(window)
        return part

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
        """The small picture restored, where it needs to be; the ensemble, one step that makes it
        consistent with what was observed, the filter."""
        cleaning = self.cleaning if settings.preset != "paper" else Cleaning()
        facts = {"scale": self.scale, "kernel": settings.kernel, **cleaning.facts}
        yield from annotated(self._stages(settings, runtime), **facts)

    def evidence(self, result: NDArray[np.float32], settings: Settings) -> dict[str, object]:
        """The noise of the small picture, and how far the result, reduced again, is from it.

        Where the small picture was restored before, what was taken away then is in there.
        """
        operator = Downsample(self.scale, settings.kernel)
        again = trust.reduced(result, self.observation, operator, self.scale)
        return {"noise_before": trust.level(self.observation), "residual": again}

    def _stages(self, settings: Settings, runtime: Runtime) -> Iterator[Step]:
        deadline = deadline_of(settings, runtime)
        y = self.pixels.tensor(runtime.device)
        if not self.cleaning.needed(settings):
            yield from self._enlarged(y, settings, runtime, deadline)
            return
        last, rest = None, planned(settings)
        if settings.repeats:
            rest += settings.repeats * planned(presets.lesson(settings))
        for last in within(self.cleaning.steps(y, settings, runtime, deadline), deadline):
            yield full(replace(last, total=last.total + rest), self.output_shape[:2])
        if last is not None:
            restored = self._enlarged(last.estimate, settings, runtime, deadline)
            yield from after(last, restored)

    def _enlarged(
        self, y: Tensor, settings: Settings, runtime: Runtime, deadline: float | None
    ) -> Iterator[Step]:
        """y, (1, C, h, w), enlarged; again and again if the settings say so."""
        h, w, _ = self.output_shape
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


def superres(
    image: NDArray[Any],
    *,
    scale: int = 4,
    kernel: str | None = None,
    coding: JpegCoding | None = None,
    as_is: bool = False,
) -> SuperRes:
    """The task of enlarging `image`, (H, W) or (H, W, C), `scale` times.

    kernel: the low-pass that made the small picture (lanczos2, lanczos3, bicubic, box,
    gauss); None: bicubic, or as the preset says. Noise and JPEG artefacts are taken away before,
    unless as_is; coding: how the image was coded as a JPEG, None to look for it in the pixels.
    Raises UsageError.
    """
    return SuperRes(image, scale, kernel, coding, as_is)
