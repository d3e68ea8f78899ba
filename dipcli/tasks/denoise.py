"""Denoising: the picture itself was observed, plus noise; stop before the noise is learnt."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from numbers import Real
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from dipcli.errors import UsageError
from dipcli.presets.denoise import PRESETS, DenoiseSettings
from dipcli.presets.values import USUAL, resolve
from dipcli.tasks.arrays import Window
from dipcli.tasks.controlled import Controlled
from dipcli.tasks.controls import FULL, Controls

if TYPE_CHECKING:
    from torch import Tensor

    from dipcli.degradation.damage import Damage
    from dipcli.degradation.noise import Noise
    from dipcli.pictures.coding import JpegCoding
    from dipcli.steps.step import Runtime, Step

NOISES = ("auto", "gaussian", "poisson", "photo", "jpeg", "impulse")
SIGMA_LIMIT = 255.0  # on the 0..255 scale


class Denoise(Controlled[DenoiseSettings]):
    """Remove noise, or JPEG artefacts."""

    name = "denoise"
    Settings = DenoiseSettings
    presets = PRESETS
    kinds = (USUAL, "jpeg")

    def __init__(
        self,
        image: NDArray[Any],
        sigma: float | None,
        noise: str,
        coding: JpegCoding | None = None,
        controls: Controls = FULL,
        protect: NDArray[Any] | None = None,
    ) -> None:
        """sigma on the 0..255 scale, None to estimate it; noise: one of NOISES; coding: of the
        JPEG file that the image comes from, None to look for one in the pixels."""
        super().__init__(image, controls, protect)
        if noise not in NOISES:
            raise UsageError(f"noise is {noise!r}; choose from {', '.join(NOISES)}")
        given: object = sigma
        if not isinstance(given, Real | None):
            raise UsageError(
                f"sigma is {given!r}, a {type(given).__name__}; it must be a number, "
                f"0 to {SIGMA_LIMIT:g}, or None to estimate it"
            )
        if sigma is not None and not 0 <= sigma <= SIGMA_LIMIT:
            raise UsageError(f"sigma is {sigma:g}; it must be 0 to {SIGMA_LIMIT:g}")
        self.noise = noise
        self.sigma = sigma
        self.coding = coding

    @property
    def kind(self) -> str:
        """JPEG artefacts have settings of their own."""
        return "jpeg" if self.noise == "jpeg" or self.damage.kind == "jpeg" else USUAL

    def settings(self, preset: str = "auto", **overrides: object) -> DenoiseSettings:
        """As for every task; the published settings are for the noise that is told."""
        if preset == "paper" and self.noise != "jpeg":
            return resolve(DenoiseSettings, PRESETS, preset).override(**overrides)
        return super().settings(preset, **overrides)

    @cached_property
    def damage(self) -> Damage:
        """What is wrong with the picture, as given or as found."""
        from dipcli.degradation.damage import Damage, examine
        from dipcli.degradation.noise import Noise

        if self.sigma is not None:
            given = Noise(self.sigma / 255)
            return Damage("clean" if given.clean else given.kind, given)
        return examine(self.observation, self.noise, self.coding)

    @property
    def model(self) -> Noise:
        """The noise as given, or as estimated from the picture."""
        return self.damage.noise

    @cached_property
    def covariances(self) -> tuple[Tensor, ...]:
        """Of noise that neighbours share; none for other noise, and for small pictures."""
        from dipcli.tasks.filters import covariances_of

        return covariances_of(self.pixels, self.model)

    def part(self, window: Window) -> Self:
        """With the damage of the whole picture."""
        part = super().part(window)
        part.damage, part.covariances = self.damage.part(*window.slices), self.covariances
        return part

    def steps(self, settings: DenoiseSettings, runtime: Runtime) -> Iterator[Step]:
        """Stages "filling", "filter", "fit" and "fusion", those that are asked for."""
        from dipcli.steps.stream import with_facts
        from dipcli.tasks.denoising import denoised

        y = self.pixels.tensor(runtime.device)
        steps = denoised(y, self.damage, self.covariances, settings, runtime)
        yield from with_facts(steps, **self.facts())

    def facts(self) -> dict[str, object]:
        """What was found out about the damage, on the 0..255 scale, as plain JSON."""
        return {**self.damage.found_out(), "sigma_given": self.sigma is not None}

    def evidence(self, result: NDArray[np.float32], settings: DenoiseSettings) -> dict[str, object]:
        """Noise before and after, and whether what was taken away looks like noise.

        A sigma that was given is not believed here: the noise is estimated.
        """
        from dipcli.tasks.evidence import of_denoised

        found = None if self.sigma is not None else self.damage
        return of_denoised(self.observation, result, self.noise, found)


def denoise(
    image: NDArray[Any],
    *,
    sigma: float | None = None,
    noise: str = "auto",
    coding: JpegCoding | None = None,
    strength: float | tuple[float, float] = 1.0,
    detail: float = 0.0,
    protect: NDArray[np.bool_] | None = None,
) -> Denoise:
    """The task of removing noise from `image`, (H, W) or (H, W, C).

    sigma: standard deviation of the noise on the 0..255 scale, None to estimate it; coding: how
    the image was coded as a JPEG, None to look for it in the pixels; strength, detail, protect:
    see `dipcli.tasks.controls`.
    Raises UsageError for a value out of range, MaskError for a mask that does not fit.
    """
    return Denoise(image, sigma, noise, coding, Controls.of(strength, detail), protect)
