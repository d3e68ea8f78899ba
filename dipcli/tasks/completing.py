"""The stages of inpainting: a fit, then passes of the filter, or copies of what is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dipcli.degradation.operators import Mask
from dipcli.degradation.problem import Problem
from dipcli.filling.shiftmap import fill_holes, holes
from dipcli.patches.completion import biharmonic, iterative_inpainting
from dipcli.patches.filter import halved
from dipcli.presets.inpaint import InpaintSettings
from dipcli.prior.ensemble import ensemble
from dipcli.stream.combinators import Reached, deadline_of, filter_steps, following, until_deadline
from dipcli.stream.step import Runtime, Step
from dipcli.tasks.cleaning import Cleaning
from dipcli.tasks.enlarging import at_full_size

LEAST_HALVED = 128  # pixels of the shorter side from which coarse colours are found at half of it
SOME = 1e-6  # of weight


def inpainted(
    y: Tensor,
    hole: NDArray[np.bool_],
    rough: Tensor,
    cleaning: Cleaning,
    settings: InpaintSettings,
    runtime: Runtime,
) -> Iterator[Step]:
    """y, (1, C, H, W) in [0, 1], restored where it needs to be, with its hole, (H, W), filled.

    rough: what is restored, the picture with something in its hole.
    """
    deadline = deadline_of(settings, runtime)
    if not cleaning.needed:
        yield from filled(y, hole, settings, runtime, deadline)
        return
    last = None
    for last in until_deadline(cleaning.steps(rough, settings, runtime, deadline), deadline):
        yield last
    if last is not None:
        yield from following(last, filled(last.estimate, hole, settings, runtime, deadline))


def filled(
    y: Tensor,
    where: NDArray[np.bool_],
    settings: InpaintSettings,
    runtime: Runtime,
    deadline: float | None,
) -> Iterator[Step]:
    """y, (1, C, H, W), filled where it has a hole."""
    hole = torch.from_numpy(where)[None, None].to(runtime.device)
    known = (~hole).to(y.dtype)
    copies = "copies" in settings.stages
    problem = coarse_problem(y, known) if copies else masked_problem(y, known)
    last = None
    for last in ensemble(problem, settings, runtime, deadline) if settings.fits else ():
        last = at_full_size(last, (y.shape[2], y.shape[3]))
        last = replace(last, estimate=torch.where(hole, last.estimate, y))
        yield last
    if not settings.filters:
        return
    start = None if last is None else last.estimate
    complete = copy_patches if copies else filter_passes
    filtered = until_deadline(complete(y, known, settings, start, runtime), deadline)
    for step in filtered if last is None else following(last, filtered):
        yield step if last is None else replace(step, spread=last.spread)


def masked_problem(y: Tensor, known: Tensor) -> Problem:
    """y, (1, C, H, W), was observed where known, (1, 1, H, W), is 1."""
    mask = Mask(known)
    return Problem(mask(y), (y.shape[2], y.shape[3]), mask, known)


def coarse_problem(y: Tensor, known: Tensor) -> Problem:
    """The same at half of the side, of means of what is known; small pictures stay as they are.

    Of a fit that copies follow no more than the coarse colours is wanted: a quarter of the time.
    """
    if min(y.shape[-2:]) < LEAST_HALVED:
        return masked_problem(y, known)
    weight = halved(known)
    means = halved(y * known) / weight.clamp_min(SOME)
    return masked_problem(means, (weight > 0).to(y.dtype))


def filter_passes(
    y: Tensor, known: Tensor, settings: InpaintSettings, start: Tensor | None, runtime: Runtime
) -> Iterator[Step]:
    """Fill by passes of the patch-group filter, from a fitted picture or from a smooth guess."""

    def fillings(reached: Reached | None) -> Iterator[Tensor]:
        return iterative_inpainting(y, known, settings.passes, settings.stride, start, reached)

    return filter_steps(fillings, y if start is None else start, settings.passes, runtime.resume)


def copy_patches(
    y: Tensor, known: Tensor, settings: InpaintSettings, start: Tensor | None, runtime: Runtime
) -> Iterator[Step]:
    """Fill hole by hole with copies of what is known: a network alone leaves a smear there."""
    guide = biharmonic(y, known) if start is None else start

    def fillings(reached: Reached | None) -> Iterator[Tensor]:
        return fill_holes(y, known, guide, settings.passes, reached)

    planned = len(holes(known[0, 0].cpu().numpy() == 0)[1])
    return filter_steps(fillings, guide, planned, runtime.resume)
