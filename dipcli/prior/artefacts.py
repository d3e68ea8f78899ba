"""A patch-group filter for what coding as a JPEG has done to a picture.

NL-Bayes (Lebrun, Buades, Morel, SIAM J. Imaging Sciences 2013) with the covariance S of the
quantisation error. That error can be seen: coding the pilot, which is near to the picture that was
coded, does to it what coding did to the picture, on the file's own grid and on shifted ones. So
each group of alike patches has a covariance of its own, large at edges and small where it is flat:

    x = m + C (C + b S)^-1 (y - m),    C = X'X / k of the pilots,  S = mean of E'E / k over grids,
    E = coded(pilot) - pilot

and each estimate is moved to the nearest picture that the file may have been made of. The first
pilot is the mean of the picture coded again on shifted grids (Nosratinia, J. VLSI Signal
Processing 2001). Four crops of 128x128, quality 10, 40, 75, passes with b = 3 and four grids:
1.45, 0.99, 0.75 dB after one, 1.58, 1.22, 1.03 after two, 1.58, 1.35, 1.19 after three.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from dipcli.degradation.coding import BLOCK, JpegCoding
from dipcli.degradation.jpeg import Intervals, recompress
from dipcli.prior.borders import extend
from dipcli.prior.inverses import inverse
from dipcli.prior.patches import (
    VALUES_AT_ONCE,
    Pass,
    banded,
    folded,
    matched_patch,
    vectors,
)
from dipcli.prior.patches import (
    reached as covering,
)

FIRST_SHIFTS = tuple((row, column) for row in range(0, BLOCK, 2) for column in range(0, BLOCK, 2))
SHIFTS = ((0, 0), (4, 4), (2, 6), (6, 2))  # two of them: 0.03 dB less
GROUP = 200  # patches; 100: 0.04 dB less
EXCESS = 3.0  # b: the pilot has less to lose than the picture had. 2 loses 0.07 dB
SHARED = 0.2  # of the form of S is that of the whole picture; 0.05 loses 0.03 dB
LEAST_VARIANCE = (0.3 / 255) ** 2  # of a value: the rounding to 8 bits is left


def estimates(
    y: Tensor,
    coding: JpegCoding,
    count: int,
    stride: int,
    reached: tuple[int, Tensor] | None = None,
) -> Iterator[Tensor]:
    """`count` better and better estimates, (1, C, H, W) in [0, 1], of the picture that was coded.

    y: (1, C, H, W) in [0, 1], as decoded; coding: of y, see `JpegCoding.at` for a window of a
    picture; stride: between reference patches; reached: how many passes were made and what they
    gave, to go on from there. Each estimate is projected (`Intervals`).
    """
    allowed = Intervals.of(y, coding)
    made, pilot = (0, started(y, coding)) if reached is None else reached
    wanted = Pass(matched_patch(y.shape[1]), GROUP, stride=stride)
    for _ in range(made, count):
        pilot = allowed.project(once(y, pilot, errors(pilot, coding), wanted))
        yield pilot


def started(y: Tensor, coding: JpegCoding) -> Tensor:
    """The mean of y coded again on shifted grids."""
    total = torch.zeros_like(y)
    for shift in FIRST_SHIFTS:
        total += recompress(y, coding, shift)
    return total / len(FIRST_SHIFTS)


def errors(pilot: Tensor, coding: JpegCoding) -> list[Tensor]:
    """What coding does to the pilot, on each of a few grids."""
    return [recompress(pilot, coding, shift) - pilot for shift in SHIFTS]


def once(y: Tensor, pilot: Tensor, coded: list[Tensor], wanted: Pass) -> Tensor:
    """One pass: the estimate of x given y, a pilot and `errors`; (1, C, H, W) each."""
    size = y.shape[-2:]
    p = min(wanted.patch, *size)
    whole = (covering(size[0], p, wanted.stride), covering(size[1], p, wanted.stride))
    images = [extend(image, whole) for image in (y, pilot, *coded)]
    guide = images[1].mean(1, keepdim=True)
    S = covariance(coded, p)
    numerator, denominator = torch.zeros_like(images[0]), torch.zeros_like(guide)
    for cut, index in banded(guide, p, wanted):
        values, weights = filtered([vectors(image[:, :, cut], p) for image in images], index, S)
        numerator[:, :, cut] += folded(values, numerator[:, :, cut], p)
        denominator[:, :, cut] += folded(weights.expand(-1, p * p), denominator[:, :, cut], p)
    estimate = torch.where(denominator > 0, numerator / denominator, images[1])
    return estimate[..., : size[0], : size[1]].clamp(0, 1)


def covariance(coded: list[Tensor], p: int) -> Tensor:
    """Of the errors in a p x p patch, over the whole picture: (n, n)."""
    rows = torch.cat([vectors(error, p) for error in coded])
    return rows.t() @ rows / len(rows)


def filtered(patches: list[Tensor], index: Tensor, S: Tensor) -> tuple[Tensor, Tensor]:
    """Sums of weighted estimates and of weights for every patch: (P, n) and (P, 1).

    patches: those of the picture, the pilot and each of its errors, (P, n); index: (N, k), the
    groups; S: (n, n), of the errors in all of the picture.
    """
    n = patches[0].shape[1]
    values, weights = torch.zeros_like(patches[0]), patches[0].new_zeros(len(patches[0]), 1)
    for places in torch.split(index, max(1, VALUES_AT_ONCE // (index.shape[1] * n))):
        flat = places.reshape(-1)
        Y, X, *E = (rows.index_select(0, flat).view(*places.shape, n) for rows in patches)
        estimate, left = combined(X, Y, E, S)
        weight = 1 / (left + 1 / places.shape[1]).clamp_min(1e-3)
        values.index_add_(0, flat, (estimate * weight).view(-1, n))
        weights.index_add_(0, flat, weight.expand(*places.shape, 1).reshape(-1, 1))
    return values, weights


def combined(X: Tensor, Y: Tensor, E: list[Tensor], S: Tensor) -> tuple[Tensor, Tensor]:
    """The estimates, (N, k, n), of groups Y, and the share of the error left in them, (N, 1, 1).

    X: the pilots; E: their errors; S: (n, n), of all errors, which lends its form to a group's.
    """
    k, n = Y.shape[1:]
    middle = Y.mean(1, keepdim=True)
    X = X - X.mean(1, keepdim=True)
    C = X.mT @ X / k
    own = sum((e.mT @ e for e in E), torch.zeros_like(C)) / (k * len(E))
    strength = own.diagonal(dim1=1, dim2=2).sum(1)[:, None, None]
    whole = S.diagonal().sum().clamp_min(n * LEAST_VARIANCE)
    own = own.lerp(S * (strength / whole), SHARED)
    own.diagonal(dim1=1, dim2=2).add_(LEAST_VARIANCE)
    W = C @ inverse(C + EXCESS * own)
    left = ((W @ own) * W).sum((1, 2), keepdim=True) / whole
    return (Y - middle) @ W.mT + middle, left
