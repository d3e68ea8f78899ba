"""The patch-group filter, again and again, against what was observed.

Lost pixels: iterative decoupled inpainting (Danielyan, Katkovnik, Egiazarian 2010): the filling
is believed to be the truth plus noise, whose strength falls from far above the error of a first
guess to near nothing. Each pass filters the picture, the variance being zero where
pixels are known, and puts the known ones back. The step in the hole is lengthened (successive
over-relaxation, omega = 1.9), which is worth twice as many passes.

A reduced picture: the same idea as plug-and-play with exact data (Tirer, Giryes 2019, IDBP):
filter, then move by the least change to a picture that reduces to the observation.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional as F

from dipcli.degradation.operators import Operator
from dipcli.degradation.projection import conjugate_gradients, project
from dipcli.patches.conditional import conditional
from dipcli.patches.filter import enlarged
from dipcli.patches.groups import nl_bayes
from dipcli.patches.passes import Pass, collaborate, matched_patch

FIRST_SIGMA = 30 / 255  # 60 loses 0.4 dB in the mean of six pictures, 20 loses on textures
LAST_SIGMA = 2 / 255
OVER_RELAXATION = 1.9  # 20 passes then do what 40 do without: 34.9 dB against 33.8 on a texture
GROUP = 48  # 24: the same or less, a fingerprint 1.3 dB less
CLOSING = 4  # conditional passes at the end; 2 lose 0.1 dB, 6 gain nothing
RADIUS = 12  # as good as 18, in half the time
CLOSING_PASS = Pass(7, 128, RADIUS, 3)  # of these; patches of 5 lose 0.2 dB, groups of 64 0.1
LAST_PASSES = Pass(5, 64, RADIUS, 2), Pass(9, 160, RADIUS, 3)  # averaged: +0.16 dB
# A stride of 4 takes an eighth of all the time; photographs lose 0.008 dB, drawings 0.1 to 0.2.
# Where channels were lost apart: of all channels of a patch together. Three pictures, 20 and 50 %
# lost: 1 to 2 dB over the passes before; patches of 5 in the first gain 0.05 dB for twice the time.
CLOSING_PASS_APART = Pass(4, 128, RADIUS, 3)
LAST_PASSES_APART = Pass(4, 128, RADIUS, 2), Pass(5, 160, RADIUS, 2)
REFINING_GROUP = 64  # more than the values of a patch: 24 loses 0.2 dB, 128 gains nothing
FAR, FAR_PATCH = 8, 6  # times enlarged, pixels; patches of 8 gain 0.01 dB for twice the time
PLATE_STEPS = 60  # 30 do when half of the pixels are known
FITTED_SIGMA = 30 / 255  # butterfly x4, from a fit: 25.35 -> 25.76 dB; from 15: none gained
LEARNT_SIGMA = 15 / 255  # of one enlarged as its own reductions teach: 30 loses 0.1 dB
REPEATED_SIGMA = 10 / 255  # of one that an earlier result taught: x4 as good with 6, x8 with 15
SMOOTH_SIGMA = 45 / 255  # of a picture enlarged by interpolation: 30 loses 0.1 dB


def iterative_inpainting(
    y: Tensor,
    known: Tensor,
    passes: int,
    stride: int,
    start: Tensor | None = None,
    reached: tuple[int, Tensor] | None = None,
) -> Iterator[Tensor]:
    """The filling after each pass, (1, C, H, W); known pixels are those of y.

    y: (1, C, H, W) in [0, 1], anything in the hole; known: (1, 1, H, W), 1 known, 0 hole, or
    (1, C, H, W) where channels were lost apart.
    start: a filling to begin with, believed to be nearer than the smooth guess otherwise used;
    then no pass is conditional. reached: how many passes were made and what they gave, to go on
    from there.
    """
    wanted = Pass(matched_patch(y.shape[1]), GROUP, RADIUS, stride)
    first = FIRST_SIGMA if start is None else FITTED_SIGMA
    if reached is None:
        reached = 0, biharmonic(y, known) if start is None else torch.where(known > 0, y, start)
    made, picture = reached
    falls = passes if start is not None else max(passes // 2, passes - CLOSING)
    for index in range(made, falls):
        sigma = sigma_schedule(first, index, falls)
        variance = ((1 - known) * sigma**2).expand_as(y)
        filtered = collaborate(picture, picture, variance, wanted)
        moved = torch.lerp(picture, filtered, OVER_RELAXATION).clamp(0, 1)
        picture = torch.where(known > 0, y, moved)
        yield picture
    for index in range(max(made, falls), passes):
        parallel = closing_passes(index == passes - 1, known.shape[1] > 1)
        found = [conditional(y, known, picture, wanted) for wanted in parallel]
        picture = torch.stack(found).mean(0)
        yield picture


def closing_passes(last: bool, apart: bool) -> tuple[Pass, ...]:
    """Those whose results are averaged; apart: whether channels were lost apart."""
    if apart:
        return LAST_PASSES_APART if last else (CLOSING_PASS_APART,)
    return LAST_PASSES if last else (CLOSING_PASS,)


def back_projection(
    x: Tensor,
    operator: Operator,
    y: Tensor,
    passes: int,
    stride: int,
    error: float,
    made: int = 0,
) -> Iterator[Tensor]:
    """Pictures after each pass from x on, (1, C, H, W), whose reduction is y, (1, C, h, w).

    error: assumed of x, as a standard deviation; made: how many of the passes had been made
    when they gave x. The estimator is the Gaussian one: NL-Ridge loses 0.2 dB.
    Patches reach farther in colour where pixels of y do, each opponent colour by itself: x8
    gains 0.09 dB, x4 loses 0.2.
    """
    wanted = Pass(matched_patch(x.shape[1]), REFINING_GROUP, RADIUS, stride, nl_bayes)
    if x.shape[1] == 3 and x.shape[2] >= FAR * y.shape[2]:
        wanted = replace(wanted, patch=FAR_PATCH, apart=True)
    for index in range(made, passes):
        sigma = sigma_schedule(error, index, passes)
        filtered = collaborate(x, x, torch.full_like(x, sigma**2), wanted)
        within = project(filtered, operator, y).clamp(0, 1)
        x = project(within, operator, y)  # now hardly anything is left to clip
        yield x


def sigma_schedule(first: float, index: int, passes: int) -> float:
    """The assumed error in pass `index`, falling geometrically to LAST_SIGMA."""
    return first * math.pow(LAST_SIGMA / first, index / max(1, passes - 1))


def biharmonic(y: Tensor, known: Tensor) -> Tensor:
    """The known pixels and between them the least |Laplacian|^2, (1, C, H, W), which is what
    biharmonic filling means; approached from `interpolated`, so far holes may stay as there.
    """
    hole = 1 - known
    guess = torch.where(known > 0, y, interpolated(y, known))
    bend = conjugate_gradients(
        lambda v: hole * laplacian(laplacian(v)), -hole * laplacian(laplacian(guess)), PLATE_STEPS
    )
    return torch.where(known > 0, y, (guess + bend).clamp(0, 1))


def laplacian(image: Tensor) -> Tensor:
    """The differences to the four neighbours, summed; nothing flows across the border."""
    p = F.pad(image, (1, 1, 1, 1), mode="replicate")
    around = p[..., 2:, 1:-1] + p[..., :-2, 1:-1] + p[..., 1:-1, 2:] + p[..., 1:-1, :-2]
    return around - 4 * image


def interpolated(y: Tensor, known: Tensor) -> Tensor:
    """A smooth first guess, (1, C, H, W): means of the nearest known pixels, scale by scale.

    Pull-push (Gortler et al. 1996): averages with their weights are pulled down to one pixel
    and pushed back up where nothing finer is known.
    """
    around = F.avg_pool2d(known, 3, 1, 1)
    sums = F.avg_pool2d(y * known, 3, 1, 1)
    if min(y.shape[-2:]) == 1 or bool((around > 0).all()):
        total = known.sum((2, 3), keepdim=True).clamp_min(1)
        mean = (y * known).sum((2, 3), keepdim=True) / total
        return torch.where(around > 0, sums / around.clamp_min(1e-9), mean)
    weight = F.avg_pool2d(known, 2, ceil_mode=True)
    small = F.avg_pool2d(y * known, 2, ceil_mode=True) / weight.clamp_min(1e-9)
    coarse = enlarged(interpolated(small, (weight > 0).to(y.dtype)), y)
    return torch.where(around > 0, sums / around.clamp_min(1e-9), coarse)
