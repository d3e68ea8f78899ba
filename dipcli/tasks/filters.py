"""The filters and the network of denoising, as streams of steps."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dipcli.degradation import beneath
from dipcli.degradation.damage import Damage
from dipcli.degradation.noise import Noise
from dipcli.patches import artefacts, correlated, filled, filter
from dipcli.pictures.coding import JpegCoding
from dipcli.presets import inpaint
from dipcli.presets.denoise import DenoiseSettings
from dipcli.presets.values import resolve
from dipcli.stages import FilterSettings
from dipcli.stream.combinators import Reached, filter_steps, following, until_deadline
from dipcli.stream.step import Runtime, Step
from dipcli.tasks.arrays import Pixels, to_array, to_tensor

MOST_CORRELATED_PASSES = 4  # passes worth making where neighbours share the noise
RemoveNoise = Callable[[Tensor, Noise], Iterator[Step]]  # takes noise away from a picture


def limited(x: Tensor, y: Tensor, limit: float) -> Tensor:
    """x, moved towards y until their root mean square difference is `limit` at most."""
    if math.isinf(limit):
        return x
    distance = (x - y).square().mean().sqrt()  # it stays on the device: nobody waits for it
    exact = distance if x.device.type == "mps" else distance.double()  # which has no float64
    return torch.where(exact <= limit, x, y.lerp(x, (limit / exact).to(x.dtype)))


def near(steps: Iterable[Step], pilot: Tensor, most: float) -> Iterator[Step]:
    """The same steps, no value of their estimates farther than `most` from the pilot's.

    A fit of few steps is far off where outlines are sharp, which it has not learnt yet.
    """
    for step in steps:
        apart = (step.estimate - pilot).clamp(-most, most)
        yield replace(step, estimate=pilot + apart)


def blended(
    steps: Iterable[Step], pilot: Tensor, settings: DenoiseSettings, parts: dict[str, Tensor]
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
            difference = (step.estimate - pilot).square().mean(1, keepdim=True).sqrt()
            spread = difference * math.sqrt(share * (1 - share))
        yield replace(step, estimate=pilot.lerp(step.estimate, share), spread=spread)


def patch_filter(
    y: Tensor,
    model: Noise,
    covariances: tuple[Tensor, ...],
    settings: DenoiseSettings,
    runtime: Runtime,
    parts: dict[str, Tensor],
    name: str = "filter",
) -> Iterator[Step]:
    """The passes of the patch-group filter that suits the noise, as a stage called `name`.

    The parallel passes, which `parts` gets, are averaged.
    """
    shared = tuple(S.to(y.device) for S in covariances)
    count = min(settings.passes, MOST_CORRELATED_PASSES) if shared else settings.passes
    chain, parallel = filter.schedule(count, y.shape[1], settings.stride)
    if shared:
        chain, parallel = chain + parallel, ()  # all passes are those of `correlated.estimates`

    def estimates(reached: Reached | None) -> Iterable[Tensor]:
        if shared and chain:
            return correlated.estimates(y, shared, count, settings.stride, reached)
        return filter.estimates(y, model, chain, reached=reached) if chain else ()

    def parallel_passes(last: Step | None) -> Iterator[Step]:
        first = 0 if last is None else last.index + 1 - len(chain)
        for index in range(first, len(parallel)):
            found = filter.guided_pass(y, pilot, model, parallel[index])
            mean = found if last is None else last.estimate.lerp(found, 1 / (index + 1))
            loss = (mean - (pilot if last is None else last.estimate)).square().mean()
            last = Step(len(chain) + index, total, name, 0, loss, found, mean)
            yield last

    total, pilot = count + settings.planned_fit, y
    for step in filter_steps(estimates, y, total, runtime.resume, name=name):
        pilot = step.estimate
        yield step
    for step in runtime.resume.resumable("parallel passes", parallel_passes):
        parts[f"pass {step.index}"] = step.output
        yield step
    if chain and not parallel:
        parts["filter"] = pilot


def jpeg_filter(
    y: Tensor, coding: JpegCoding, settings: DenoiseSettings, runtime: Runtime, name: str = "filter"
) -> Iterator[Step]:
    """The passes of the filter that undoes coding as a JPEG, as a stage called `name`."""

    def estimates(reached: Reached | None) -> Iterator[Tensor]:
        return artefacts.estimates(y, coding, settings.passes, settings.stride, reached)

    return filter_steps(estimates, y, settings.passes, runtime.resume, name=name)


def fill_impulses(
    y: Tensor, hit: Tensor, any_value: bool, settings: DenoiseSettings, runtime: Runtime
) -> Iterator[Step]:
    """Fill impulses as lost pixels are filled; hit: (1, C, H, W) bool, where they are."""
    lost = resolve(FilterSettings, inpaint.PRESETS, settings.preset, "scattered")

    def estimates(reached: Reached | None) -> Iterator[Tensor]:
        mask = filled.refined(y, hit, lost.stride) if any_value else hit
        return filled.estimates(y, mask, lost.passes, lost.stride, reached)

    return filter_steps(estimates, y, lost.passes, runtime.resume, name="filling")


def cleaned(
    y: Tensor,
    damage: Damage,
    remove_noise: RemoveNoise,
    settings: DenoiseSettings,
    runtime: Runtime,
    deadline: float | None,
    name: str = "filter",
) -> Iterator[Step]:
    """y, (1, C, H, W) in [0, 1], without its damage, which is not clean.

    remove_noise: takes noise away; filters undo what coding as a JPEG did, and what impulses hit
    is filled first. name: of the stage that undoes coding.
    """
    if damage.coding is not None:
        for step in until_deadline(
            jpeg_filter(y, damage.coding, settings, runtime, name), deadline
        ):
            yield replace(step, estimate=limited(step.estimate, y, damage.limit))
    elif damage.impulses is not None:
        yield from without_impulses(y, damage, remove_noise, settings, runtime, deadline)
    else:
        yield from remove_noise(y, damage.noise)


def without_impulses(
    y: Tensor,
    damage: Damage,
    remove_noise: RemoveNoise,
    settings: DenoiseSettings,
    runtime: Runtime,
    deadline: float | None,
) -> Iterator[Step]:
    """Fill what impulses hit, then remove the noise beneath, if there is any."""
    impulses: NDArray[np.bool_] = np.asarray(damage.impulses)
    last = None
    found = fill_impulses(y, to_tensor(impulses, y.device), damage.any_value, settings, runtime)
    for last in until_deadline(found, deadline):
        yield last
    if last is None:
        return
    few = damage.few  # among which the noise was seen
    noise = damage.noise if few else beneath.noise(to_array(last.estimate), impulses)
    if not noise.clean:
        yield from following(last, remove_noise(last.estimate, noise))


def covariances_of(pixels: Pixels, model: Noise) -> tuple[Tensor, ...]:
    """Of noise that neighbours share; none for other noise, and for small pictures."""
    if model.clean or model.kind != "photo":
        return ()
    return correlated.covariances(pixels.tensor(torch.device("cpu")))
