"""A patch-group filter of a noisy picture with a nearly clean one of the same scene beside it.

The clean picture, the guide, was taken in other light, as flash and ambient picture are (Petschnigg
et al. 2004, Eisemann and Durand 2004): it has the same surfaces and other colours, shadows and
highlights. Groups of patches that are alike in both are found; in each the patches of both
pictures, one behind the other, are samples of one Gaussian (NL-Bayes: Lebrun, Buades, Morel 2013):

    first pass, G the guide's patches:    x = m + B (g - mean g),   B = C_yg (C_gg + r I)^-1
    with a pilot, C of its group:         (x, g) = m + C (C + b S)^-1 ((y, g) - m)

S, the covariance of the noise, is nearly 0 for the guide. So each group learns anew how its
surfaces look in the noisy picture's light. What the guide alone shows does not follow the noisy
picture, and hardly gets a weight: a shadow of the flash is not copied.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor

from dipcli.patches.correlated import combined
from dipcli.patches.filter import enlarged, halved, smooth
from dipcli.patches.inverses import inverse
from dipcli.patches.laws import Law
from dipcli.patches.passes import Pass, collaborate

# Three crops of 192x192 at strength 25, each pass after the other:
PATCH = 2  # pixels: 38.2, 39.5, 39.8 dB; with 3, at three times the time, 38.1, 39.5, 39.9
FIRST_GROUP = 300  # patches; 150 lose 1.5 dB: B has noise of its own
GROUP = 200  # 100 lose 1.3 dB
RADIUS = 18
RESISTANCE = 0.2  # r, as a share of the mean of C_gg: 0.01 loses 2 dB, 1 loses 0.7 dB
EXCESS = 2.0  # b: 1 loses 0.6 dB, 4 gains 0.2 dB and loses fine detail
GUIDE_NOISE = 1 / 255  # standard deviation, 8 bits and a little
GUIDE_SHARE = 0.5  # of the guide's contrast, made that of the picture, in the distance of patches
BLUR = 7  # pixels, of the noisy picture among which the first groups are found
LEAST_SIDE = 32  # pixels, that are reduced
COARSER = 3  # how often for that of later pilots; none loses 0.4 dB, and leaves blotches
LEVELS = 1  # how often the picture is reduced by two for the coarse part of the first estimate


def estimates(
    y: Tensor,
    guide: Tensor,
    law: Law,
    count: int,
    stride: int,
    reached: tuple[int, Tensor] | None = None,
) -> Iterator[Tensor]:
    """`count` better and better estimates of y without its noise, (1, C, H, W) each.

    y: (1, C, H, W), guide: (1, G, H, W), both in [0, 1]; law: of the noise of y; reached: how many
    passes were made and what they gave, to go on from there.
    """
    if reached is None:
        reached = 1, first_estimate(y, guide, law, stride, LEVELS)
        yield reached[1]
    made, basic = reached
    for _ in range(made, count):
        pilot = steadied(y, guide, basic, law, stride, COARSER)
        basic = guided_pass(y, guide, pilot, law, stride)
        yield basic


def first_estimate(y: Tensor, guide: Tensor, law: Law, stride: int, levels: int) -> Tensor:
    """What follows the guide, its coarse part from the pictures reduced by two, (1, C, H, W)."""
    around = smooth(y, BLUR)
    z, weight = law.evened(y), law.weight(law.restored(smooth(law.evened(y), BLUR)))
    wanted = Pass(PATCH, FIRST_GROUP, RADIUS, stride, partial(regression, y.shape[1] * PATCH**2))
    both = torch.cat([z * weight, guide / GUIDE_NOISE], 1)
    nothing = torch.zeros_like(both)
    found = collaborate(both, None, nothing, wanted, matched_on(around, guide))
    basic = law.restored(found[:, : y.shape[1]] / weight)
    if not levels or min(y.shape[-2:]) < LEAST_SIDE:
        return basic
    small, below = (halved(y), halved(guide)), law.below()
    coarse = guided_pass(*small, first_estimate(*small, below, stride, levels - 1), below, stride)
    return (basic + enlarged(coarse - halved(basic), y)).clamp(0, 1)


def steadied(y: Tensor, guide: Tensor, pilot: Tensor, law: Law, stride: int, levels: int) -> Tensor:
    """The pilot, its coarse part from passes over the pictures reduced by two, again and again,
    which leaves fewer blotches in it."""
    if not levels or min(y.shape[-2:]) < LEAST_SIDE:
        return pilot
    small, before = (halved(y), halved(guide)), halved(pilot)
    lower = steadied(*small, before, law.below(), stride, levels - 1)
    after = guided_pass(*small, lower, law.below(), stride)
    return (pilot + enlarged(after - before, y)).clamp(0, 1)


def guided_pass(y: Tensor, guide: Tensor, pilot: Tensor, law: Law, stride: int) -> Tensor:
    """An estimate by way of a pilot; shapes as in `estimates`."""
    channels, weight = y.shape[1], law.weight(pilot)
    own = EXCESS * law.covariance(PATCH).to(y.device)
    S = torch.eye(len(own) + guide.shape[1] * PATCH**2, device=y.device)
    S[: len(own), : len(own)] = own
    wanted = Pass(PATCH, GROUP, RADIUS, stride, partial(combined, S))
    beside = guide / GUIDE_NOISE
    noisy = torch.cat([law.evened(y) * weight, beside], 1)
    clean = torch.cat([law.expected(pilot) * weight, beside], 1)
    found = collaborate(noisy, clean, torch.zeros_like(noisy), wanted, matched_on(pilot, guide))
    return law.restored(found[:, :channels] / weight).clamp(0, 1)


def regression(count: int, X: Tensor | None, Y: Tensor, D: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """The first `count` values of Y, (N, k, n), as the others have them, which stay; see `filter`.

    X, D and n are of no use here.
    """
    noisy, guide = Y[..., :count], Y[..., count:]
    k, size = guide.shape[1:]
    C = guide.mT @ guide / k
    ridge = RESISTANCE * C.diagonal(dim1=1, dim2=2).mean(1) + 1
    loaded = C + ridge[:, None, None] * torch.eye(size, device=Y.device)
    B = inverse(loaded) @ (guide.mT @ noisy / k)
    return torch.cat([guide @ B, guide], 2), Y.new_ones(len(Y), k, 1)


def matched_on(picture: Tensor, guide: Tensor) -> Tensor:
    """What tells whether patches are alike, (1, 2, H, W): the brightness of both pictures."""
    brightness, other = picture.mean(1, keepdim=True), guide.mean(1, keepdim=True)
    contrast = brightness.std() / other.std().clamp_min(GUIDE_NOISE)
    return torch.cat([brightness, GUIDE_SHARE * contrast * other], 1)
