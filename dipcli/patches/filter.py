"""A patch-group filter: what repeats in a picture tells each patch from its noise.

Groups of alike patches are found around every few pixels, their estimates (`patches/groups.py`) are
put back where the patches lie and averaged, each weighted by the inverse of its remaining noise.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from dipcli.degradation.borders import extend
from dipcli.degradation.noise import Noise
from dipcli.patches.groups import GroupEstimator, ridge, ridge_bayes_mean, ridge_per_channel
from dipcli.stages import CHAINED

VALUES_AT_ONCE = 3_000_000  # of the patches whose groups are solved together: 12 MB an array
BAND = 24  # rows of pixels whose groups are formed together: bounds the memory
OUTSIDE = 1e3  # a value far from every true one
LEAST_VARIANCE = (0.5 / 255) ** 2  # of a value: an 8-bit picture is not known better


@dataclass(frozen=True)
class Pass:
    """One pass: patch side, patches per group, search radius and stride in pixels, estimator."""

    patch: int
    group: int
    radius: int = 18
    stride: int = 3
    combine: GroupEstimator = ridge


def schedule(count: int, channels: int, stride: int) -> tuple[tuple[Pass, ...], tuple[Pass, ...]]:
    """`count` passes: those one after another, and those beside one another after them.

    With a pilot the matrices are n x n, n = channels p^2: about 48 whatever the channels, so
    p = 4 in colour and 7 in gray. Larger patches while there is no pilot, larger groups once it
    is good; two estimators from the third pass on gain 0.15 dB over one. A fourth in turn would
    believe the errors of the third; up to three beside one another, of different patches and
    estimators, err differently, and their mean gains 0.2 dB.
    """
    later, mean = matched_patch(channels), ridge_bayes_mean
    first = later + 2 if channels == 1 else later + 3
    chain = [Pass(first, 24, stride=stride), Pass(later, 64, stride=stride)]
    chain += [Pass(later, 128, stride=stride, combine=mean)] * max(1, count - CHAINED - 2)
    small, middle, large = max(2, later - 2), round(1.5 * later), 2 * later
    parallel = [Pass(later, 200, 24, later, mean)]
    if channels == 3:
        parallel += [Pass(large, 300, 24, large, ridge_per_channel)]
        parallel += [Pass(middle, 300, 24, middle, mean)]
    else:
        parallel += [
            Pass(middle, 300, 24, middle, mean),
            Pass(small, 100, 24, small, mean),
        ]
    return tuple(chain[:count]), tuple(parallel[: max(0, count - CHAINED)])


def matched_patch(channels: int) -> int:
    """The patch side for which channels p^2 is about 48."""
    return max(2, round(math.sqrt(48 / channels)))


def estimates(
    y: Tensor,
    noise: Noise,
    passes: tuple[Pass, ...],
    levels: int = 1,
    scale: float = 1.0,
    reached: tuple[int, Tensor] | None = None,
) -> Iterator[Tensor]:
    """Better and better estimates of E[y], (1, C, H, W): after the first pass, and each other.

    y: (1, C, H, W) in [0, 1]; scale: what is left of the noise variance in y. With levels, the
    first estimate takes its coarse part from the picture reduced by two, where noise is half
    as strong; at the coarsest level nothing is below. reached: how many passes were made and
    what they gave, to go on from there.
    """
    if reached is None:
        guide = smooth(y, passes[0].patch)
        basic = collaborate(y, None, scale * noise.variance(guide), passes[0]).clamp(0, 1)
        if levels and min(y.shape[-2:]) >= 8 * passes[0].patch:
            *_, coarse = estimates(halved(y), noise, passes[:3], levels - 1, scale / 4)
            basic = (basic + enlarged(coarse - halved(basic), y)).clamp(0, 1)
        yield basic
    made, basic = (1, basic) if reached is None else reached
    for wanted in passes[made:]:
        basic = guided_pass(y, basic, noise, wanted, scale)
        yield basic


def guided_pass(y: Tensor, pilot: Tensor, noise: Noise, wanted: Pass, scale: float = 1.0) -> Tensor:
    """The estimate of one pass with a pilot, (1, C, H, W) each; scale: as in `estimates`."""
    return collaborate(y, pilot, scale * noise.variance(pilot), wanted).clamp(0, 1)


def collaborate(
    y: Tensor,
    pilot: Tensor | None,
    variance: Tensor,
    wanted: Pass,
    guide: Tensor | None = None,
) -> Tensor:
    """One pass over y, (1, C, H, W); pilot of the same shape, or None in the first pass.

    variance: of the noise of each value, (1, C, H, W). Groups are formed on the guide, (1, G, H,
    W), by default the mean of the pilot's channels, or of y's.
    """
    size = y.shape[-2:]
    p = min(wanted.patch, *size)
    whole = (covering_length(size[0], p, wanted.stride), covering_length(size[1], p, wanted.stride))
    y, variance = extend(y, whole), extend(variance, whole)
    pilot = None if pilot is None else extend(pilot, whole)
    if guide is None:
        guide = (y if pilot is None else pilot).mean(1, keepdim=True)
    else:
        guide = extend(guide, whole)
    total = F.avg_pool2d(variance.mean(1, keepdim=True), p, 1) * (y.shape[1] * p * p)
    numerator, denominator = torch.zeros_like(y), torch.zeros_like(y[:, :1])
    for cut, index in banded(guide, p, wanted):
        clean = None if pilot is None else patch_rows(pilot[:, :, cut], p)
        spread = total[:, :, cut.start : cut.stop - p + 1].reshape(-1)
        values, weights = filtered(
            patch_rows(y[:, :, cut], p), clean, spread, index, wanted.combine
        )
        numerator[:, :, cut] += fold(values, numerator[:, :, cut], p)
        denominator[:, :, cut] += fold(weights.expand(-1, p * p), denominator[:, :, cut], p)
    estimate = torch.where(denominator > 0, numerator / denominator, y)  # in no group: as it was
    return estimate[..., : size[0], : size[1]]


def banded(guide: Tensor, p: int, wanted: Pass) -> Iterator[tuple[slice, Tensor]]:
    """The groups, band by band: the rows of the guide they lie in, and their places there."""
    height = guide.shape[2]
    rows = max(1, BAND // wanted.stride) * wanted.stride
    for top in range(0, height - p + 1, rows):
        bottom = min(height, top + rows - wanted.stride + p)
        cut = slice(max(0, top - wanted.radius), min(height, bottom + wanted.radius))
        yield cut, match_blocks(guide[:, :, cut], top - cut.start, bottom - cut.start, p, wanted)


def match_blocks(guide: Tensor, top: int, bottom: int, p: int, wanted: Pass) -> Tensor:
    """For each reference patch, the places of the `group` patches nearest to it: (N, k).

    guide: (1, G, h, w); reference patches begin every `stride` pixels in its rows from top to
    bottom. A place is the index of a patch among all (h-p+1) (w-p+1); the reference patch
    comes first. Distances are means of squares over p x p, summed over G.
    """
    height, width = guide.shape[-2:]
    radius, stride = wanted.radius, wanted.stride
    side, rows = 2 * radius + 1, bottom - top
    padded = F.pad(guide[0], (radius,) * 4, value=OUTSIDE)
    first, *others = guide[0, :, top:bottom]
    squares = guide.new_empty(side, rows, width)
    distances = []
    for down in range(side):
        strips = padded[:, top + down : bottom + down].unfold(2, width, 1).transpose(1, 2)
        torch.sub(strips[0], first, out=squares)  # (side, rows, width)
        squares.square_()
        for strip, plane in zip(strips[1:], others, strict=True):
            squares += (strip - plane).square_()
        distances.append(F.avg_pool2d(squares, p, stride))
    all_distances = torch.stack(distances).flatten(0, 1)  # (side side, up, left)
    all_distances[side * side // 2] = 2 * OUTSIDE  # the patch itself is in any case
    ups = torch.arange(top, bottom - p + 1, stride, device=guide.device)
    lefts = torch.arange(0, width - p + 1, stride, device=guide.device)
    across = width - p + 1
    count = min(wanted.group, (height - p + 1) * across, side * side)
    nearest = all_distances.flatten(1).t().topk(count - 1, largest=False, sorted=False)
    shift = (nearest.indices // side - radius) * across + nearest.indices % side - radius
    places = (ups[:, None] * across + lefts).reshape(-1, 1)
    usable = nearest.values < OUTSIDE  # where too few lie inside, the patch itself again
    return torch.cat([places, places + torch.where(usable, shift, 0)], 1)


def filtered(
    noisy: Tensor, clean: Tensor | None, spread: Tensor, index: Tensor, combine: GroupEstimator
) -> tuple[Tensor, Tensor]:
    """Sums of weighted estimates and of weights for every patch: (P, n) and (P, 1).

    noisy, clean: (P, n) all patches; spread: (P,) noise variance summed over each; index:
    (N, k) the groups.
    """
    n = noisy.shape[1]
    values, weights = torch.zeros_like(noisy), noisy.new_zeros(len(noisy), 1)
    for places in torch.split(index, max(1, VALUES_AT_ONCE // (index.shape[1] * n))):
        count, k = places.shape
        flat = places.reshape(-1)
        Y = noisy.index_select(0, flat).view(count, k, n)
        D = spread.index_select(0, flat).view(count, k, 1).clamp_min(n * LEAST_VARIANCE)
        middle = Y.mean(1, keepdim=True)
        X = None if clean is None else clean.index_select(0, flat).view(count, k, n)
        X = None if X is None else X - X.mean(1, keepdim=True)
        estimate, left = combine(X, Y - middle, D)
        weight = 1 / (left + 1 / k).clamp_min(1e-3)
        values.index_add_(0, flat, ((estimate + middle) * weight).view(-1, n))
        weights.index_add_(0, flat, weight.view(-1, 1))
    return values, weights


def patch_rows(image: Tensor, p: int) -> Tensor:
    """Every p x p patch of (1, C, h, w) as a row: (P, C p p)."""
    return F.unfold(image, p)[0].t().contiguous()


def fold(values: Tensor, like: Tensor, p: int) -> Tensor:
    """Rows of values of p x p patches, (P, C p p), summed where they lie; shaped as `like`."""
    return F.fold(values.t()[None], like.shape[-2:], p)


def covering_length(length: int, p: int, stride: int) -> int:
    """The least length from `length` on that patches at every `stride` cover to the end."""
    return -(-(length - p) // stride) * stride + p


def smooth(image: Tensor, p: int) -> Tensor:
    """The mean over p x p around each pixel, fewer at the border."""
    return F.avg_pool2d(image, p, 1, p // 2, count_include_pad=False)[
        ..., : image.shape[-2], : image.shape[-1]
    ]


def halved(image: Tensor) -> Tensor:
    """Means over 2 x 2; an odd last row or column stands alone."""
    return F.avg_pool2d(image, 2, ceil_mode=True, count_include_pad=False)


def enlarged(image: Tensor, like: Tensor) -> Tensor:
    """Twice as large, bicubic, cut to the size of `like`."""
    size = (2 * image.shape[-2], 2 * image.shape[-1])
    large = F.interpolate(image, size=size, mode="bicubic", align_corners=False)
    return large[..., : like.shape[-2], : like.shape[-1]]
