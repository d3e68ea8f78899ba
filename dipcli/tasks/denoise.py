"""Denoising: the picture itself was observed, plus noise; stop before the noise is learnt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self

from dipcli.errors import UsageError
from dipcli.presets.denoise import PRESETS, ZSN2N, DenoiseSettings
from dipcli.presets.values import USUAL, resolve
from dipcli.settings import AUTO, setting
from dipcli.tasks.companions import Companion
from dipcli.tasks.controlled import Controlled
from dipcli.tasks.controls import PROTECT, ControlOptions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from dipcli.degradation.damage import Damage
    from dipcli.degradation.noise import Noise
    from dipcli.pictures.coding import JpegCoding
    from dipcli.stream.step import Runtime, Step
    from dipcli.tasks.arrays import Window
    from dipcli.tasks.one_network import Joint

NOISES = ("auto", "gaussian", "poisson", "photo", "jpeg", "impulse")


@dataclass(frozen=True, kw_only=True)
class DenoiseOptions(ControlOptions):
    """What is known of the noise, and how much of it goes."""

    sigma: float | None = setting(
        None,
        "Strength of the noise, 0 to 255; auto (default) measures it.",
        low=0,
        high=255,
        form="sigma",
    )
    noise: str = setting("auto", "Kind of noise.", choices=NOISES)


class Denoise(Controlled[DenoiseOptions, DenoiseSettings]):
    """Remove noise, JPEG artefacts or impulses; leave alone what is clean.

    \b
    dip denoise noisy.png -o clean.png
    dip denoise photos/ -o clean/ --recursive --preset fast
    dip denoise photo.png -o clean.png --strength 0.7,1 --overwrite
    cat noisy.png | dip denoise - -o - > clean.png
    """

    name = "denoise"
    Options = DenoiseOptions
    Settings = DenoiseSettings
    presets = PRESETS
    kinds: ClassVar[tuple[str, ...]] = (USUAL, "jpeg", "photo")
    companions: ClassVar[tuple[Companion, ...]] = (
        PROTECT,
        Companion("model", "Denoise with what `dip learn` wrote.", what="model", model=True),
    )
    reads_coding = True
    tells_damage = True

    @property
    def kind(self) -> str:
        """JPEG artefacts and the noise of cameras have settings of their own."""
        if self.options.noise == "jpeg" or self.damage.kind == "jpeg":
            return "jpeg"
        return "photo" if self.damage.noise.kind == "photo" else USUAL

    def __init__(
        self,
        image: NDArray[Any],
        options: DenoiseOptions | None = None,
        coding: JpegCoding | None = None,
        **companions: Any,
    ) -> None:
        """model: a `dipcli.learning.model.Model`; UsageError if it is for other pictures."""
        super().__init__(image, options, coding, **companions)
        learnt = self.arrays.get("model")
        if learnt is not None:
            learnt.check(self.observation.shape[2])
            self.tileable = False  # it bounds its memory by itself, without a seam

    def settings(self, preset: str = "auto", **overrides: object) -> DenoiseSettings:
        """As for every task; the published settings are for the noise that is told.

        A model and zsn2n are methods of their own, whatever the preset.
        """
        asked = overrides.get("method")
        if "model" in self.arrays:
            if asked not in (None, AUTO, "model"):
                raise UsageError(f"method is {asked!r}, but a model is a method; give one of them")
            plain = resolve(DenoiseSettings, PRESETS, preset)
            return plain.override(**{**overrides, "method": "model"})
        if asked == "model":
            raise UsageError("method is 'model', which needs one: --model FILE")
        if asked == "zsn2n":
            table = {**PRESETS, preset: {USUAL: ZSN2N}} if preset in PRESETS else PRESETS
            return resolve(DenoiseSettings, table, preset).override(**overrides)
        if preset == "paper" and self.options.noise != "jpeg":
            return resolve(DenoiseSettings, PRESETS, preset).override(**overrides)
        return super().settings(preset, **overrides)

    @cached_property
    def damage(self) -> Damage:
        """What is wrong with the picture, as given or as found."""
        from dipcli.degradation.damage import Damage, examine
        from dipcli.degradation.noise import Noise

        if self.options.sigma is not None:
            given = Noise(self.options.sigma / 255)
            return Damage("clean" if given.clean else given.kind, given)
        return examine(self.observation, self.options.noise, self.coding)

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

    def settle(self, joined: Tensor) -> bool:
        """A JPEG is restored within what its file allows, where tiles meet, too."""
        from dipcli.tasks.denoising import project_joined

        coding = self.damage.coding
        if coding is not None:
            project_joined(joined, self.pixels, coding)
        return coding is not None

    def joint(self, settings: DenoiseSettings, longest: int) -> Joint | None:
        """One network for all tiles, where noise is all that is wrong."""
        from dipcli.tasks.one_network import shared_network

        return shared_network(self.pixels, self.damage, settings, longest)

    def steps(self, settings: DenoiseSettings, runtime: Runtime) -> Iterator[Step]:
        """Stages "filling", "filter", "fit" and "fusion", those that are asked for; or "model"."""
        from dipcli.stream.combinators import with_facts
        from dipcli.tasks.denoising import by_model, denoised, zero_shot

        y = self.pixels.tensor(runtime.device)
        if settings.method == "model":
            yield from by_model(y, self.arrays["model"], runtime)
            return
        if settings.method == "zsn2n":
            steps = zero_shot(y, settings, runtime)
        else:
            steps = denoised(y, self.damage, self.covariances, settings, runtime)
        yield from with_facts(steps, **self.facts())

    def facts(self) -> dict[str, object]:
        """What was found out about the damage, on the 0..255 scale, as plain JSON."""
        return {**self.damage.found_out(), "sigma_given": self.options.sigma is not None}

    def evidence(self, result: NDArray[np.float32], settings: DenoiseSettings) -> dict[str, object]:
        """Noise before and after, and whether what was taken away looks like noise.

        A sigma that was given is not believed here: the noise is estimated.
        """
        from dipcli.tasks.evidence import of_denoised

        if settings.method == "model":  # which asks nothing about the damage
            return of_denoised(self.observation, result, quick=True)
        found = None if self.options.sigma is not None else self.damage
        return of_denoised(self.observation, result, self.options.noise, found)
