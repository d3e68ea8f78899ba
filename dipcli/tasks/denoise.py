"""Denoising: the picture itself was observed, plus noise; stop before the noise is learnt.

A patch-group filter has what repeats, a network what is smooth across scales; they err
differently. The filter comes first; the network sees its picture (as in aSeqDIP, Alkhouri et
al. 2024) and fits the observation leaning on it; the result is between the two.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property, partial
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dipcli.degradation import damage as damages
from dipcli.degradation.damage import Damage
from dipcli.degradation.noise import Noise
from dipcli.errors import UsageError
from dipcli.prior import correlated, patches
from dipcli.prior.ensemble import ensemble
from dipcli.prior.fit import Problem
from dipcli.prior.step import Runtime, Step
from dipcli.settings import Settings
from dipcli.tasks import trust
from dipcli.tasks.arrays import Window
from dipcli.tasks.base import Reached, after, annotated, deadline_of, passed, within
from dipcli.tasks.controlled import Controlled
from dipcli.tasks.controls import FULL, Controls
from dipcli.tasks.rounds import bootstrapped

NOISES = ("auto", "gaussian", "poisson", "photo", "jpeg")
THOROUGH = 3.0  # times as long as the pass before may a pass of the filter take
MOST_CORRELATED = 3  # passes worth making where neighbours share the noise
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
        controls: Controls = FULL,
        protect: NDArray[Any] | None = None,
    ) -> None:
        """sigma on the 0..255 scale, None to estimate it; noise: one of NOISES."""
        super().__init__(image, controls, protect)
        if noise not in NOISES:
            raise UsageError(f"noise is {noise!r}; choose from {', '.join(NOISES)}")
        if sigma is not None and not 0 <= sigma <= SIGMA_LIMIT:
            raise UsageError(f"sigma is {sigma:g}; it must be 0 to {SIGMA_LIMIT:g}")
        self.noise = noise
        self.sigma = sigma

    @property
    def kind(self) -> str:
        """JPEG artefacts have settings of their own."""
        return "jpeg" if self.noise == "jpeg" else ""

    @cached_property
    def damage(self) -> Damage:
        """What is wrong with the picture, as given or as found."""
        if self.sigma is not None:
            given = Noise(self.sigma / 255)
            return Damage("clean" if given.clean else given.kind, given)
        return damages.examine(self.observation, "photo" if self.kind == "jpeg" else self.noise)

    @property
    def model(self) -> Noise:
        """The noise as given, or as estimated from the picture."""
        return self.damage.noise

    @cached_property
    def covariances(self) -> tuple[Tensor, ...]:
        """Of noise that neighbours share; none for other noise, and for small pictures."""
        if self.model.clean or self.model.kind != "photo":
            return ()
        return correlated.covariances(self.pixels.tensor(torch.device("cpu")))

    def part(self, window: Window) -> Self:
        """With the damage of the whole picture."""
        part = super().part(window)
        part.damage, part.covariances = self.damage, self.covariances
        return part

    def steps(self, settings: Settings, runtime: Runtime) -> Iterator[Step]:
        """Stages "filter", "fit" and "fusion", those that the settings ask for."""
        yield from annotated(self._stages(settings, runtime), **self.facts())

    def facts(self) -> dict[str, object]:
        """What was found out about the noise, on the 0..255 scale, as plain JSON."""
        model = self.model
        found = {"sigma": round(255 * model.sigma, 3), "gain": round(255 * model.gain, 5)}
        given = {"sigma_given": self.sigma is not None}
        return {"noise": self.damage.kind, **found, **given, "evidence": self.damage.evidence}

    def evidence(self, result: NDArray[np.float32], settings: Settings) -> dict[str, object]:
        """Noise before and after, and whether what was taken away looks like noise.

        A sigma that was given is not believed here: the noise is estimated.
        """
        found = None if self.sigma is not None else self.damage.noise
        return trust.of_denoised(self.observation, result, self.noise, found)

    def _stages(self, settings: Settings, runtime: Runtime) -> Iterator[Step]:
        deadline = deadline_of(settings, runtime)
        y = self.pixels.tensor(runtime.device)
        if settings.passes and self.model.clean:
            yield Step(0, 1, "filter", 0, y.new_zeros(()), y, y)
            return
        mixing = partial(self._mixed, settings=settings, runtime=runtime, deadline=deadline)
        drawable = self.model.kind != "photo"  # no noise that neighbours share
        if settings.bootstrap and drawable:
            found = bootstrapped(mixing, y, self.model, runtime, deadline)
        else:
            found = mixing(y, {})
        limit = self.damage.limit if settings.passes else math.inf
        for step in found:
            yield replace(step, estimate=limited(self.model.unclipped(step.estimate), y, limit))

    def _mixed(
        self,
        y: Tensor,
        parts: dict[str, Tensor],
        settings: Settings,
        runtime: Runtime,
        deadline: float | None,
    ) -> Iterator[Step]:
        """The filter's passes, then the fit mixed with them; `parts` gets what was mixed."""
        last, pilot, target = None, None, y
        passes = filtering(y, self.model, self.covariances, settings, runtime, parts)
        for last in within(passes, deadline, longer=THOROUGH):
            pilot = last.estimate
            yield last
        if pilot is not None:
            target = y.lerp(pilot, settings.pilot_share)
        problem = Problem(target, (y.shape[2], y.shape[3]), picture=pilot)
        fitted = ensemble(problem, settings, runtime, deadline)
        if last is not None and pilot is not None:
            settings = replace(settings, blend=settings.blend * self.share(y))
            fitted = after(last, fused(fitted, pilot, settings, parts))
        yield from fitted

    def share(self, y: Tensor) -> float:
        """How much of its usual part the network deserves: it misses as much detail of a picture
        with little noise, of which the filter misses less.
        """
        if self.model.kind == "photo":
            return 1.0
        sigma = float(self.model.variance(y).mean().sqrt())
        return min(1.0, sigma / FULL_SHARE)


def limited(x: Tensor, y: Tensor, limit: float) -> Tensor:
    """x, moved towards y until their root mean square difference is `limit` at most."""
    distance = float((x - y).square().mean().sqrt())
    return x if distance <= limit else y.lerp(x, limit / distance)


def fused(
    steps: Iterable[Step], pilot: Tensor, settings: Settings, parts: dict[str, Tensor]
) -> Iterator[Step]:
    """The fit's steps, their estimates mixed with the filter's; `parts` gets the fit's own.

    The network has its full share once a first run has had its steps. With a single run, the
    disagreement is that of the two.
    """
    for step in steps:
        parts["fit"] = step.estimate
        share = settings.blend * min(1.0, (step.index + 1) / settings.iters)
        spread = step.spread
        if spread is None:
            apart = (step.estimate - pilot).square().mean(1, keepdim=True).sqrt()
            spread = apart * math.sqrt(share * (1 - share))
        yield replace(step, estimate=pilot.lerp(step.estimate, share), spread=spread)


def filtering(
    y: Tensor,
    model: Noise,
    covariances: tuple[Tensor, ...],
    settings: Settings,
    runtime: Runtime,
    parts: dict[str, Tensor],
) -> Iterator[Step]:
    """The passes of the patch-group filter that suits the noise.

    Those beside one another, which `parts` gets, are averaged.
    """
    shared = tuple(S.to(y.device) for S in covariances)
    count = min(settings.passes, MOST_CORRELATED) if shared else settings.passes
    chain, beside = patches.schedule(count, y.shape[1], settings.stride)

    def estimates(reached: Reached | None) -> Iterable[Tensor]:
        if shared and chain:
            return correlated.estimates(y, shared, count, settings.stride, reached)
        return patches.estimates(y, model, chain, reached=reached) if chain else ()

    def witnesses(last: Step | None) -> Iterator[Step]:
        first = 0 if last is None else last.index + 1 - len(chain)
        for index in range(first, len(beside)):
            found = patches.once(y, pilot, model, beside[index])
            mean = found if last is None else last.estimate.lerp(found, 1 / (index + 1))
            loss = (mean - (pilot if last is None else last.estimate)).square().mean()
            last = Step(len(chain) + index, total, "filter", 0, loss, found, mean)
            yield last

    total, pilot = count + settings.runs * settings.iters, y
    for step in passed(estimates, y, total, runtime.memory):
        pilot = step.estimate
        yield step
    for step in runtime.memory.follow("witnesses", witnesses):
        parts[f"pass {step.index}"] = step.output
        yield step
    if chain and not beside:
        parts["filter"] = pilot


def denoise(
    image: NDArray[Any],
    *,
    sigma: float | None = None,
    noise: str = "auto",
    strength: float | tuple[float, float] = 1.0,
    detail: float = 0.0,
    protect: NDArray[np.bool_] | None = None,
) -> Denoise:
    """The task of removing noise from `image`, (H, W) or (H, W, C).

    sigma: standard deviation of the noise on the 0..255 scale, None to estimate it; strength,
    detail, protect: see `dipcli.tasks.controls`.
    Raises UsageError for a value out of range, MaskError for a mask that does not fit.
    """
    return Denoise(image, sigma, noise, Controls.of(strength, detail), protect)
