"""A patch-group filter for what coding as a JPEG has done to a picture.

NL-Bayes (Lebrun, Buades, Morel, SIAM J. Imaging Sciences 2013) with the covariance S of the
quantisation error. That error can be seen: coding the pilot, which is near to the picture that was
coded, does to it what coding did to the picture, on the file's own grid and on shifted ones. So
each group of alike patches has a covariance of its own, large at edges and small where it is flat:

    x = m + C (C + B S B)^-1 (y - m),    C = X'X / k of the pilots,  S = mean of E'E / k over grids,
    E = coded(pilot) - pilot,            B^2 = b of luma or of chroma, diagonal

and each estimate is moved to the nearest picture that the file may have been made of. The first
pilot is the mean of the picture coded again on shifted grids (Nosratinia, J. VLSI Signal
Processing 2001). Patches are of Y, Cb and Cr together: chroma lost most and learns from luma.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from dipcli.degradation.borders import extend
from dipcli.degradation.jpeg import LEVELS, Intervals, assembled, components, recompress
from dipcli.patches.inverses import inverse
from dipcli.patches.passes import (
    Pass,
    at_once,
    averaged,
    covered,
    folded,
    matched_patch,
    tiles,
)
from dipcli.patches.rows import patch_rows
from dipcli.patches.tiles import Tile
from dipcli.pictures.coding import BLOCK, JpegCoding

FIRST_SHIFTS = tuple((row, column) for row in range(0, BLOCK, 2) for column in range(0, BLOCK, 2))
SHIFTS = ((0, 0), (4, 4), (2, 6), (6, 2))  # two of them: 0.03 dB less; eight: no more
GROUP, GROUP_LUMA = 150, 64  # patches: chroma wants many, luma few. All 200: 0.1 dB less
# b. The pilot has less to lose than the picture had; what chroma has lost in being reduced, too,
# is learnt from luma. Four crops, quality 20 and 75, after three passes: with 1.5 and 1.5, 1.26
# and 1.10 dB; 1.5 and 5, 1.46 and 1.39; 1.5 and 10, 1.45 and 1.49; 2 and 10, 1.41 and 1.46.
EXCESS: tuple[float, ...] = (1.5, 10.0, 10.0)
SHARED = 0.3  # of the form of S is that of the whole picture; 0.05 loses 0.03 dB
LEAST_STEP = 2.0  # mean; what finer steps did is not seen in 8 bits: at quality 100 -0.3 dB
LEAST_VARIANCE = (0.3 / LEVELS) ** 2  # of a value: the rounding to 8 bits is left


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
    gave, to go on from there. Each estimate is projected (`Intervals`). A pass is one over all
    components and, in colour, one over luma alone, which gains 0.05 dB, 0.08 in fine texture.
    A coding that hardly changed the picture gives it back as it is.
    """
    if coding.factors == (1, 1) and coding.step < LEAST_STEP:
        yield from [y] * (count - (reached[0] if reached else 0))
        return
    allowed = Intervals.of(y, coding)
    observed = planes(y, coding)
    made, pilot = (0, started(y, coding)) if reached is None else reached
    for _ in range(made, count):
        for channels in dict.fromkeys((y.shape[1], 1)):  # all and luma, or gray
            pilot = allowed.project(step(observed, pilot, coding, channels, stride))
        yield pilot


def planes(x: Tensor, coding: JpegCoding) -> Tensor:
    """The components of a picture, on the scale of [0, 1] about the middle: (1, C, H, W)."""
    return components(x, coding)[None] / LEVELS


def step(observed: Tensor, pilot: Tensor, coding: JpegCoding, channels: int, stride: int) -> Tensor:
    """The pilot, (1, C, H, W), its first `channels` components filtered: all, or luma alone."""
    clean = planes(pilot, coding)
    coded = [planes(recompress(pilot, coding, shift), coding) - clean for shift in SHIFTS]
    wanted = Pass(matched_patch(channels), GROUP if channels > 1 else GROUP_LUMA, stride=stride)
    clean[:, :channels] = guided_pass(
        observed[:, :channels],
        clean[:, :channels],
        [error[:, :channels] for error in coded],
        wanted,
        EXCESS[:channels],
    )
    return assembled(LEVELS * clean[0], coding).clamp_(0, 1)


def started(y: Tensor, coding: JpegCoding) -> Tensor:
    """The mean of y coded again on shifted grids."""
    total = torch.zeros_like(y)
    for shift in FIRST_SHIFTS:
        total += recompress(y, coding, shift)
    return total / len(FIRST_SHIFTS)


def guided_pass(
    y: Tensor, pilot: Tensor, coded: list[Tensor], wanted: Pass, excess: tuple[float, ...]
) -> Tensor:
    """One pass: the estimate of x given y, a pilot and its errors, all (1, C, H, W) `planes`.

    excess: b for each of the C components.
    """
    p, whole = covered(y, wanted)
    images = [extend(image, whole) for image in (y, *coded, pilot)]
    S = covariance(coded, p)
    b = torch.tensor(excess, device=y.device).sqrt().repeat_interleave(p * p)

    def work(tile: Tile) -> tuple[Tensor, Tensor]:
        parts = [tile.of(image) for image in images]
        sums = filtered([patch_rows(part, p) for part in parts], tile.groups, S, b)
        return folded([sums], parts[0], p)

    estimate = averaged(images, tiles(images[-1][:, :1], p, wanted, work))
    return estimate[..., : y.shape[2], : y.shape[3]]


def covariance(coded: list[Tensor], p: int) -> Tensor:
    """Of the errors in a p x p patch, over the whole picture: (n, n)."""
    rows = torch.cat([patch_rows(error, p) for error in coded])
    return rows.t() @ rows / len(rows)


def filtered(patches: list[Tensor], index: Tensor, S: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Sums of weighted estimates and of weights for every patch: (P, n) and (P, 1).

    patches: those of the picture, each error of the pilot, and the pilot, (P, n); index: (N, k),
    the groups; S, b: see `combined`.
    """
    n = patches[0].shape[1]
    values, weights = torch.zeros_like(patches[0]), patches[0].new_zeros(len(patches[0]), 1)
    for places in torch.split(index, at_once(index, n)):
        flat = places.reshape(-1)
        Y, *E, X = (rows.index_select(0, flat).view(*places.shape, n) for rows in patches)
        estimate, left = combined(X, Y, E, S, b)
        weight = 1 / (left + 1 / places.shape[1]).clamp_min(1e-3)
        values.index_add_(0, flat, (estimate * weight).view(-1, n))
        weights.index_add_(0, flat, weight.expand(*places.shape, 1).reshape(-1, 1))
    return values, weights


def combined(X: Tensor, Y: Tensor, E: list[Tensor], S: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """The estimates, (N, k, n), of groups Y, and the share of the error left in them, (N, 1, 1).

    X: the pilots; E: their errors; S: (n, n), of all errors, which lends its form to a group's;
    b: (n,), of which square S is taken to be larger.
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
    W = C @ inverse(C + own * b * b[:, None])
    left = ((W @ own) * W).sum((1, 2), keepdim=True) / whole
    return (Y - middle) @ W.mT + middle, left
