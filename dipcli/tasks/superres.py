"""Super-resolution: a reduced picture was observed; the network fills in what was lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Self

from dipcli.errors import UsageError
from dipcli.presets.superres import KINDS, PRESETS, SuperresSettings
from dipcli.settings import Options, setting
from dipcli.tasks.base import Task

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray
    from torch import Tensor

    from dipcli.stream.step import Runtime, Step
    from dipcli.tasks.arrays import Window
    from dipcli.tasks.cleaning import Cleaning

SCALES = (2, 3, 4, 8, 16)
PUBLISHED_ONLY = (16,)  # to see how the published method fares; no other was measured there
REPEATING = (4, 8)  # scales that leave something to enlarge from twice the observation's size


@dataclass(frozen=True, kw_only=True)
class SuperresOptions(Options):
    """How much larger, and whether the small picture is restored before."""

    scale: int = setting(4, "How many times larger.", choices=SCALES)
    as_is: bool = setting(False, "Enlarge noise and JPEG artefacts, too.")


class SuperRes(Task[SuperresOptions, SuperresSettings]):
    """Enlarge a picture.

    Noise and JPEG artefacts of the small picture are taken away before.

    \b
    dip superres small.png -o large.png
    dip superres thumbs/ -o large/ --scale 2
    """

    name = "superres"
    made = "enlarged"
    Options = SuperresOptions
    Settings = SuperresSettings
    presets = PRESETS
    kinds = KINDS
    reads_coding = True

    @classmethod
    def scale_of(cls, options: SuperresOptions) -> int:
        """As it is told."""
        return int(options.scale)

    @classmethod
    def kinds_of(cls, options: SuperresOptions) -> tuple[str, ...]:
        """The scale decides."""
        return (f"x{options.scale}",)

    @classmethod
    def possible_settings(
        cls, options: SuperresOptions, preset: str = "auto", **overrides: object
    ) -> list[SuperresSettings]:
        """As for every task, but for scales that only the published method has."""
        check_scale(options.scale, preset)
        return super().possible_settings(options, preset, **overrides)

    @cached_property
    def cleaning(self) -> Cleaning:
        """What is wrong with the small picture, and is taken away before."""
        from dipcli.tasks.cleaning import Cleaning

        return Cleaning() if self.options.as_is else Cleaning.of(self.observation, self.coding)

    def part(self, window: Window) -> Self:
        """With the damage of the whole picture."""
        part = super().part(window)
        part.cleaning = self.cleaning.part(window)
        return part

    @property
    def kind(self) -> str:
        """Published settings differ between x4 and x8."""
        return f"x{self.scale}"

    def settings(self, preset: str = "auto", **overrides: object) -> SuperresSettings:
        """As for every task."""
        check_scale(self.scale, preset)
        found = super().settings(preset, **overrides)
        if found.repeats and not (self.scale in REPEATING and found.project):
            raise UsageError("repeats need a scale of 4 or 8, and project; set them to 0")
        return found

    def first_guess(self, device: torch.device) -> Tensor:
        """Enlarged by interpolation."""
        from dipcli.degradation.resizing import enlarged

        return enlarged(self.pixels.tensor(device), self.output_shape[:2])

    def steps(self, settings: SuperresSettings, runtime: Runtime) -> Iterator[Step]:
        """The small picture restored, where it needs to be; the ensemble, one step that makes it
        consistent with what was observed, the filter."""
        from dipcli.stream.combinators import with_facts
        from dipcli.tasks.enlarging import superresolved

        y = self.pixels.tensor(runtime.device)
        cleaning = self.cleaning.for_preset(settings.preset)
        steps = superresolved(y, self.scale, cleaning, settings, runtime)
        facts = {"scale": self.scale, "kernel": settings.kernel, **cleaning.facts}
        yield from with_facts(steps, **facts)

    def evidence(
        self, result: NDArray[np.float32], settings: SuperresSettings
    ) -> dict[str, object]:
        """The noise of the small picture, and how far the result, reduced again, is from it.

        Where the small picture was restored before, what was taken away then is in there.
        """
        from dipcli.degradation.operators import Downsample
        from dipcli.tasks import evidence

        operator = Downsample(self.scale, settings.kernel)
        again = evidence.distance_reduced(result, self.observation, operator, self.scale)
        return {"noise_before": evidence.noise_level(self.observation), "residual": again}


def check_scale(scale: int, preset: str) -> None:
    """Raise UsageError for a scale that a preset was never measured at."""
    if scale in PUBLISHED_ONLY and preset != "paper":
        raise UsageError(f"scale {scale} is for preset paper; enlarge by 8, or give it")
