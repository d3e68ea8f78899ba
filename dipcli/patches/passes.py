"""One pass of a patch-group filter over a picture, whatever estimates the patches of a group.

Groups of alike patches are found around every few pixels, their estimates (`patches/groups.py`) are
put back where the patches lie and averaged, each weighted by the inverse of its remaining noise.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor
from torch.nn import functional as F

from dipcli.degradation.borders import extend
from dipcli.patches.compact import compacted
from dipcli.patches.groups import OPPONENT, GroupEstimator, ridge
from dipcli.patches.rows import fold, patch_rows
from dipcli.patches.tiles import Tile, worked

VALUES_AT_ONCE = 500_000  # of the patches whose groups are solved together: a core holds 2 MB
LARGE_AT_ONCE = 20_000_000  # on a device that likes few and large operations
T = TypeVar("T")

LEAST_VARIANCE = (0.5 / 255) ** 2  # of a value: an 8-bit picture is not known better


@dataclass(frozen=True)
class Pass:
    """One pass: patch side, patches per group, search radius and stride in pixels, estimator.

    apart: each of three opponent colours is filtered by itself, with the same groups. compact: the
    estimator sees what most of the patches are made of (`patches/compact.py`), given a pilot.
    """

    patch: int
    group: int
    radius: int = 18
    stride: int = 3
    combine: GroupEstimator = ridge
    apart: bool = False
    compact: bool = False


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
    if guide is None:
        guide = (y if pilot is None else pilot).mean(1, keepdim=True)
    p, whole = covered(y, wanted)
    images = [extend(image, whole) for image in (y, pilot) if image is not None]
    if wanted.apart:
        images = [opponent(image) for image in images]
    together = 1 if wanted.apart else y.shape[1]  # channels whose values make one patch
    of_patch = F.avg_pool2d(extend(variance, whole).mean(1, keepdim=True), p, 1) * (
        together * p * p
    )

    def work(tile: Tile) -> tuple[Tensor, Tensor]:
        D = tile.of_patches(of_patch, p).reshape(-1, 1)
        parts = zip(*(torch.split(tile.of(image), together, 1) for image in images), strict=True)
        sums = [filtered(some, p, D, tile.groups, wanted) for some in parts]
        return folded(sums, tile.of(images[0]), p)

    estimate = averaged(images, tiles(extend(guide, whole), p, wanted, work))
    estimate = opponent(estimate, back=True) if wanted.apart else estimate
    return estimate[..., : y.shape[2], : y.shape[3]]


def covered(y: Tensor, wanted: Pass) -> tuple[int, tuple[int, int]]:
    """The side of the patches, at most that of y, and the size which they cover to the end."""
    size = y.shape[-2:]
    p = min(wanted.patch, *size)
    return p, (
        covering_length(size[0], p, wanted.stride),
        covering_length(size[1], p, wanted.stride),
    )


def tiles(
    guide: Tensor, p: int, wanted: Pass, work: Callable[[Tile], T]
) -> Iterator[tuple[Tile, T]]:
    """Each tile of the guide, (1, G, H, W), and what `work` makes of it."""
    return worked(guide, p, wanted.stride, wanted.radius, wanted.group, work)


def filtered(
    images: tuple[Tensor, ...], p: int, D: Tensor, index: Tensor, wanted: Pass
) -> tuple[Tensor, Tensor]:
    """Sums of weighted estimates and of weights for every p x p patch: (P, n) and (P, 1).

    images: the noisy one, (1, C, h, w), and the pilot if there is one; D: (P, 1) noise variance
    summed over each patch; index: (N, k) the groups.
    """
    n = images[0].shape[1] * p * p
    D = D.clamp_min(n * LEAST_VARIANCE)
    compact = compacted(images[0], images[-1], p, D / n) if wanted.compact else None
    noisy, *clean = compact.patches if compact else [patch_rows(image, p) for image in images]
    values, weights = torch.zeros_like(noisy), torch.zeros_like(D)
    for places in torch.split(index, at_once(index, noisy.shape[1])):
        Y, middle = grouped(noisy, places)
        X = grouped(clean[0], places)[0] if clean else None
        d = D.index_select(0, places.flatten()).view(*places.shape, 1)
        estimate, left = wanted.combine(X, Y, d, n)
        weight = 1 / (left + 1 / places.shape[1]).clamp_min(1e-3)
        estimate = estimate.add_(middle).mul_(weight)
        values.index_add_(0, places.flatten(), estimate.flatten(0, 1))
        weights.index_add_(0, places.flatten(), weight.expand(*places.shape, 1).reshape(-1, 1))
    return values if compact is None else compact.whole(values, weights), weights


def at_once(index: Tensor, n: int) -> int:
    """How many of the groups, (N, k), of patches of n values are solved together."""
    most = VALUES_AT_ONCE if index.device.type == "cpu" else LARGE_AT_ONCE
    return max(1, most // (index.shape[1] * n))


def grouped(patches: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
    """The patches of groups about their means, and these: (N, k, n) and (N, 1, n)."""
    values = patches.index_select(0, places.flatten()).view(*places.shape, -1)
    middle = values.mean(1, keepdim=True)
    return values.sub_(middle), middle


def folded(sums: list[tuple[Tensor, Tensor]], like: Tensor, p: int) -> tuple[Tensor, Tensor]:
    """Sums of values and of weights, (P, n) and (P, 1), for each pixel of a picture like this.

    One pair for all channels, (1, C, h, w) and (1, 1, h, w), or one for each.
    """
    size = (like.shape[2], like.shape[3])
    values = [fold(values, size, p) for values, _ in sums]
    weights = [fold(weights.expand(-1, p * p), size, p) for _, weights in sums]
    return torch.cat(values, 1), torch.cat(weights, 1)


def averaged(images: list[Tensor], sums: Iterable[tuple[Tile, tuple[Tensor, Tensor]]]) -> Tensor:
    """The weighted mean of what tiles have for each pixel; in no group, as in the last image."""
    numerator, denominator = torch.zeros_like(images[0]), torch.zeros_like(images[0])
    for tile, (values, weights) in sums:
        tile.of(numerator).add_(values)
        tile.of(denominator).add_(weights)
    return torch.where(denominator > 0, numerator / denominator, images[-1])


def opponent(image: Tensor, back: bool = False) -> Tensor:
    """Three colours as opponent ones, (1, 3, H, W), or back."""
    colours = OPPONENT.to(image)
    return torch.einsum("oc,bchw->bohw", colours.t() if back else colours, image)


def covering_length(length: int, p: int, stride: int) -> int:
    """The least length from `length` on that patches at every `stride` cover to the end."""
    return -(-(length - p) // stride) * stride + p


def matched_patch(channels: int) -> int:
    """The patch side for which channels p^2 is about 48."""
    return max(2, round(math.sqrt(48 / channels)))
