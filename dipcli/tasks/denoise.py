"""Denoising: the picture itself was observed, plus noise; stop before the noise is learnt.

A patch-group filter has what repeats, a network what is smooth across scales; they err
differently. The filter comes first; the network sees its picture (as in aSeqDIP, Alkhouri et
al. 2024) and fits the observation leaning on it; the result is between the two.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property, partial
from numbers import Real
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from dipcli import presets
from dipcli.degradation import damage as damages
from dipcli.degradation.coding import JpegCoding
from dipcli.degradation.damage import Damage
from dipcli.degradation.noise import Noise
from dipcli.errors import UsageError
from dipcli.prior.ensemble import ensemble
from dipcli.prior.fit import Problem
from dipcli.prior.step import Runtime, Step
from dipcli.settings import Settings
from dipcli.tasks import trust
from dipcli.tasks.arrays import Window
from dipcli.tasks.base import after, annotated, deadline_of, within
from dipcli.tasks.controlled import Controlled
from dipcli.tasks.controls import FULL, Controls
from dipcli.tasks.filters import (
    cleaned,
    covariances_of,
    filtering,
    found_out,
    fused,
    limited,
)
from dipcli.tasks.rounds import bootstrapped

NOISES = ("auto", "gaussian", "poisson", "photo", "jpeg", "impulse")
THOROUGH = 3.0  # times as long as the pass before may a pass of the filter take
SIGMA_LIMIT = 255.0  # on the 0..255 scale
FULL_SHARE = 25 / 255  # noise from which on the network's error is small beside the filter's


class Denoise(Controlled):
    """Remove noise, or JPEG artefacts."""

    name = "denoise"

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
        return "jpeg" if self.noise == "jpeg" or self.damage.kind == "jpeg" else ""

    def settings(self, preset: str = "auto", **overrides: object) -> Settings:
        """As for every task; the published settings are for the noise that is told."""
        if preset == "paper" and self.noise != "jpeg":
            return presets.resolve(self.name, preset).override(**overrides)
        return super().settings(preset, **overrides)

    @cached_property
    def damage(self) -> Damage:
        """What is wrong with the picture, as given or as found."""
        if self.sigma is not None:
            given = Noise(self.sigma / 255)
            return Damage("clean" if given.clean else given.kind, given)
        return damages.examine(self.observation, self.noise, self.coding)

    @property
    def model(self) -> Noise:
        """The noise as given, or as estimated from the picture."""
        return self.damage.noise

    @cached_property
    def covariances(self) -> tuple[Tensor, ...]:
        """Of noise that neighbours share; none for other noise, and for small pictures."""
        return covariances_of(self.pixels, self.model)

    def part(self, window: Window) -> Self:
        """With the damage of the whole picture."""
        part = super().part(window)
        part.damage, part.covariances = self.damage.part(*window.slices), self.covariances
        return part

    def steps(self, settings: Settings, runtime: Runtime) -> Iterator[Step]:
        """Stages "filling", "filter", "fit" and "fusion", those that are asked for."""
        yield from annotated(self._stages(settings, runtime), **self.facts())

    def facts(self) -> dict[str, object]:
        """What was found out about the damage, on the 0..255 scale, as plain JSON."""
        return {**found_out(self.damage), "sigma_given": self.sigma is not None}

    def evidence(self, result: NDArray[np.float32], settings: Settings) -> dict[str, object]:
        """Noise before and after, and whether what was taken away looks like noise.

        A sigma that was given is not believed here: the noise is estimated.
        """
        found = None if self.sigma is not None else self.damage
        return trust.of_denoised(self.observation, result, self.noise, found)

    def _stages(self, settings: Settings, runtime: Runtime) -> Iterator[Step]:
        deadline = deadline_of(settings, runtime)
        y = self.pixels.tensor(runtime.device)
        if not settings.passes:
            yield from self._cleared(y, self.model, settings, runtime, deadline)
        elif self.damage.clean:
            yield Step(0, 1, "filter", 0, y.new_zeros(()), y, y)
        else:
            clear = partial(self._cleared, settings=settings, runtime=runtime, deadline=deadline)
            yield from cleaned(y, self.damage, clear, settings, runtime, deadline)

    def _cleared(
        self,
        y: Tensor,
        model: Noise,
        settings: Settings,
        runtime: Runtime,
        deadline: float | None,
    ) -> Iterator[Step]:
        """y without its noise, no farther from it than the damage allows."""
        mixing = partial(
            self._mixed, model=model, settings=settings, runtime=runtime, deadline=deadline
        )
        drawable = model.kind != "photo"  # no noise that neighbours share
        if settings.bootstrap and drawable:
            found = bootstrapped(mixing, y, model, runtime, deadline)
        else:
            found = mixing(y, {})
        limit = self.damage.limit if settings.passes else math.inf
        for step in found:
            yield replace(step, estimate=limited(model.unclipped(step.estimate), y, limit))

    def _mixed(
        self,
        y: Tensor,
        parts: dict[str, Tensor],
        model: Noise,
        settings: Settings,
        runtime: Runtime,
        deadline: float | None,
    ) -> Iterator[Step]:
        """The filter's passes, then the fit mixed with them; `parts` gets what was mixed."""
        last, pilot, target = None, None, y
        passes = filtering(y, model, self.covariances, settings, runtime, parts)
        for last in within(passes, deadline, longer=THOROUGH):
            pilot = last.estimate
            yield last
        if pilot is not None:
            target = y.lerp(pilot, settings.pilot_share)
        problem = Problem(target, (y.shape[2], y.shape[3]), picture=pilot)
        fitted = ensemble(problem, settings, runtime, deadline)
        if last is not None and pilot is not None:
            settings = replace(settings, blend=settings.blend * share(model, y))
            fitted = after(last, fused(fitted, pilot, settings, parts))
        yield from fitted


def share(model: Noise, y: Tensor) -> float:
    """How much of its usual part the network deserves: it misses as much detail of a picture
    with little noise, of which the filter misses less.
    """
    if model.kind == "photo":
        return 1.0
    return min(1.0, float(model.variance(y).mean().sqrt()) / FULL_SHARE)


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
