"""Super-resolution: a reduced picture was observed; the network fills in what was lost."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from numbers import Integral
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from dipcli.errors import UsageError
from dipcli.presets.superres import KERNELS, KINDS, PRESETS, SuperresSettings
from dipcli.tasks.arrays import Window
from dipcli.tasks.base import Task

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from dipcli.pictures.coding import JpegCoding
    from dipcli.steps.step import Runtime, Step
    from dipcli.tasks.cleaning import Cleaning

SCALES = (2, 3, 4, 8)
REPEATING = (4, 8)  # scales that leave something to enlarge from twice the observation's size


class SuperRes(Task[SuperresSettings]):
    """Enlarge a picture."""

    name = "superres"
    Settings = SuperresSettings
    presets = PRESETS
    kinds = KINDS

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
        from dipcli.tasks.cleaning import Cleaning

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

    def settings(self, preset: str = "auto", **overrides: object) -> SuperresSettings:
        """As for every task; a kernel given to the task replaces the preset's."""
        found = super().settings(preset, **{"kernel": self.kernel, **overrides})
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
        from dipcli.steps.stream import with_facts
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
        again = evidence.reduced(result, self.observation, operator, self.scale)
        return {"noise_before": evidence.level(self.observation), "residual": again}


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
