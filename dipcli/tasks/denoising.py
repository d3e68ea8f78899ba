"""The stages of denoising: a filter, a network that leans on it, and a mixture of both.

A patch-group filter has what repeats, a network what is smooth across scales; they err
differently. The filter comes first; the network sees its picture (as in aSeqDIP, Alkhouri et
al. 2024) and fits the observation leaning on it; the result is between the two.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from torch import Tensor

from dipcli.degradation.damage import Damage
from dipcli.degradation.jpeg import project
from dipcli.degradation.noise import Noise
from dipcli.degradation.problem import Problem
from dipcli.learning.model import Model
from dipcli.learning.rounds import bootstrapped
from dipcli.learning.zero_shot_noise import ZeroShotNoiseRun
from dipcli.pictures.coding import JpegCoding
from dipcli.presets.denoise import DenoiseSettings
from dipcli.prior.detail import DetailRun
from dipcli.prior.ensemble import ensemble
from dipcli.prior.fit import Run
from dipcli.stream.combinators import deadline_of, following, until_deadline
from dipcli.stream.step import Runtime, Step
from dipcli.tasks.arrays import Pixels, Window
from dipcli.tasks.filters import blended, cleaned, limited, near, patch_filter

LONGEST_PASS = 3.0  # times as long as the pass before may a pass of the filter take
TOLD = ("learnt_from", "noise", "loss", "epochs", "psnr")  # of the facts of a model, in records
PROJECTED_SIDE = 1024  # pixels of a window that is projected at once: a few hundred MB
AROUND = 64  # pixels about it: what the projection of chroma reaches, but for a hundredth
MOST_APART = 0.6  # of the noise; drawn outlines at sigma 10: -0.18 dB without, 0.00 with it
FULL_SHARE_SIGMA = 25 / 255  # noise from which on the network's error is small beside the filter's


def denoised(
    y: Tensor,
    damage: Damage,
    covariances: tuple[Tensor, ...],
    settings: DenoiseSettings,
    runtime: Runtime,
) -> Iterator[Step]:
    """y, (1, C, H, W) in [0, 1], without its damage; covariances: of noise that neighbours share.

    What is clean is left as it is, but for a fit alone, which is a fit whatever the picture is.
    """
    deadline = deadline_of(settings, runtime)
    remove_noise = NoiseRemoval(damage.limit, covariances, settings, runtime, deadline)
    if not settings.filters:
        yield from replace(remove_noise, limit=math.inf)(y, damage.noise)
    elif damage.clean:
        yield Step(0, 1, "filter", 0, y.new_zeros(()), y, y)
    else:
        yield from cleaned(y, damage, remove_noise, settings, runtime, deadline)


@dataclass(frozen=True)
class NoiseRemoval:
    """Removes noise; the result is no farther from what was observed than `limit`."""

    limit: float
    covariances: tuple[Tensor, ...]
    settings: DenoiseSettings
    runtime: Runtime
    deadline: float | None

    def __call__(self, y: Tensor, model: Noise) -> Iterator[Step]:
        """The steps by which y, (1, C, H, W), loses its noise."""

        def mixing(observation: Tensor, parts: dict[str, Tensor]) -> Iterator[Step]:
            return self.denoise_once(observation, parts, model)

        drawable = model.kind != "photo"  # no noise that neighbours share
        if self.settings.bootstrap and drawable:
            found = bootstrapped(mixing, y, model, self.runtime, self.deadline)
        else:
            found = mixing(y, {})
        for step in found:
            yield replace(step, estimate=limited(model.unclipped(step.estimate), y, self.limit))

    def denoise_once(self, y: Tensor, parts: dict[str, Tensor], model: Noise) -> Iterator[Step]:
        """The filter's passes, then the fit mixed with them; `parts` gets what was mixed."""
        last, pilot, target = None, None, y
        settings, runtime = self.settings, self.runtime
        if settings.filters:
            passes = patch_filter(y, model, self.covariances, settings, runtime, parts)
            for last in until_deadline(passes, self.deadline, longer=LONGEST_PASS):
                pilot = last.estimate
                yield last
        if not settings.fits:
            return
        if pilot is not None:
            target = y.lerp(pilot, settings.pilot_share)
        problem = Problem(target, (y.shape[2], y.shape[3]), picture=pilot)
        make = DetailRun if settings.fits_details else Run
        fitted = ensemble(problem, settings, runtime, self.deadline, make=make)
        if last is not None and pilot is not None:
            if settings.fits_details:
                fitted = near(fitted, pilot, MOST_APART * strength(model, y))
            settings = replace(settings, blend=settings.blend * network_share(model, y))
            fitted = following(last, blended(fitted, pilot, settings, parts))
        yield from fitted


def zero_shot(y: Tensor, settings: DenoiseSettings, runtime: Runtime) -> Iterator[Step]:
    """The steps by which y, (1, C, H, W), loses the noise that its own two halves do not share."""
    problem = Problem(y, (y.shape[2], y.shape[3]))
    deadline = deadline_of(settings, runtime)
    yield from ensemble(problem, settings, runtime, deadline, make=ZeroShotNoiseRun)


def by_model(y: Tensor, model: Model, runtime: Runtime) -> Iterator[Step]:
    """The one step by which a network that was learnt before takes the noise from y."""
    model.net.to(runtime.device)
    found = model.apply(y, runtime.amp)
    loss = (found - y).square().mean()
    told = {name: model.facts[name] for name in TOLD if name in model.facts}
    yield Step(0, 1, "model", 0, loss, found, found, notes={"model": told})


def network_share(model: Noise, y: Tensor) -> float:
    """The share of its usual weight that the network gets, in [0, 1].

    Where there is little noise the filter misses less detail, and the network as much as ever.
    """
    if model.kind == "photo":
        return 1.0
    return min(1.0, strength(model, y) / FULL_SHARE_SIGMA)


def strength(model: Noise, y: Tensor) -> float:
    """The standard deviation of the noise of y, (1, C, H, W), over all values."""
    return float(model.variance(y).mean().sqrt())


def project_joined(joined: Tensor, observed: Pixels, coding: JpegCoding) -> None:
    """Project tiles that were joined, (1, C, H, W) in [0, 1], onto what a file allows, in place.

    Each tile lies within the intervals of its own blocks, but not where it fades into the next in
    the middle of a block. Window by window, each with what lies around, so that memory is bounded.
    """
    shape = observed.values.shape
    for top in range(0, shape[0], PROJECTED_SIDE):
        for left in range(0, shape[1], PROJECTED_SIDE):
            inner = Window(
                top, min(top + PROJECTED_SIDE, shape[0]), left, min(left + PROJECTED_SIDE, shape[1])
            )
            outer = inner.grown(AROUND, shape)
            y = observed.part(outer).tensor(joined.device)
            found = project(joined[:, :, *outer.slices], y, coding.at(outer.top, outer.left))
            joined[:, :, *inner.slices] = found[:, :, *inner.inside(outer).slices]
