"""A patch-group filter for noise that neighbours and channels share, as in pictures of a camera.

NL-Bayes (Lebrun, Buades, Morel, SIAM J. Imaging Sciences 2013) with the covariance S of the
noise in a patch taken from the picture itself, as in the noise clinic (Lebrun, Colom, Morel, IEEE
Trans. Image Processing 2015). The patches of a group are samples of one Gaussian, so

    first pass, C of the noisy group:   x = m + (C - S) C^-1 (y - m)
    with a pilot, C of its group:       x = m + C (C + b S)^-1 (y - m)

Noise follows the light (`degradation/photo.py`): it is made even first, so that one S holds for
the whole picture, and S is measured where the picture is flattest.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache, partial

import torch
from torch import Tensor
from torch.nn import functional as F

from dipcli.degradation.channels import Channels, channels_of, weights
from dipcli.degradation.flat import blocks, flattest, without_plane
from dipcli.degradation.photo import Light, light_of
from dipcli.patches.filter import enlarged, halved
from dipcli.patches.inverses import inverse
from dipcli.patches.passes import Pass, collaborate, matched_patch

BLOCK = 12  # pixels; holds two patches at half size; 16 finds fewer flat ones among texture
FLATTEST = 0.02  # share of the blocks that are taken to be flat
LEAST_BLOCKS = 12
CORRECTIONS = (1.75, 1.5)  # variance of the noise over that of the flattest blocks; at half size
WHITE, QUENCHED = 0.25, 0.16  # `fineness` of noise from which on b is 1, and up to which largest
LAWLESS = 0.2  # below it the camera decided what noise is left, not the light: +0.2 dB on three
BUSY, SMOOTH = 1.25, 1.15  # `business` of a picture, likewise
LARGEST_EXCESS = 3.0  # b; phones 33.6 dB with 1, 34.7 with 3; sharp pictures lose 1 dB with 3
FIRST_GROUP, GROUP = 100, 200  # patches
LARGE_GROUP, LARGE_RADIUS = 300, 24
WHITE_LOADING = 0.1  # share of the mean variance; 0.3 loses 0.2 dB, none 0.1 and leaves ripples
COARSE_LEVELS = 2  # half and quarter size, below the last pass
CHAINED = 3  # passes one after another; a fourth loses 0.2 dB. Larger patches beside: +0.1 to 0.5
DIAGONAL_LOADING = 1e-3  # of the noise added to C before it is inverted
LEAST_SIDE = 64  # pixels, to measure S


def covariances(y: Tensor) -> tuple[Tensor, ...]:
    """What the noise in y, (1, C, H, W) in [0, 1], is like; nothing if y is too small to tell.

    Four tensors: gain and floor of its law, and b, then in colour the own share, the gain and the
    floor of each channel, (3,) or (4 + 2 C,); the covariances of a patch of the picture made
    even, of that reduced by two, and of a larger patch, (n, n) each.
    """
    law = light_of(y) if min(y.shape[-2:]) >= LEAST_SIDE else None
    return () if law is None else measured(y, law)


def measured(y: Tensor, law: Light) -> tuple[Tensor, ...]:
    """The same, if noise follows the light by this law; without one if the camera smoothed it."""
    p = matched_patch(y.shape[1])
    rough = without_plane(law.evened(blocks(y, max(BLOCK, 2 * p + 2))))
    flat = flattest(rough, FLATTEST, LEAST_BLOCKS)
    full, large = (loaded(CORRECTIONS[0] * covariance(flat, side)) for side in (p, larger(p)))
    half = loaded(CORRECTIONS[1] * covariance(halved(flat), p))
    fine = fineness(covariance(flat, p), p)
    if fine < LAWLESS and not law.absent:
        return measured(y, Light(0.0, 0.0))
    b = excess(fine, business(rough))
    of_light = [law.gain, law.floor, b]
    if y.shape[1] > 1 and not law.absent:
        channels = channels_of(y, law)
        of_light += [channels.own, *channels.gains, *channels.floors]
    return torch.tensor(of_light, dtype=torch.float64), full, half, large


def covariance(found: Tensor, p: int) -> Tensor:
    """Of the p x p patches in blocks, (N, C, B, B), of mean 0: (C p p, C p p)."""
    patches = F.unfold(found, p).mT.reshape(-1, found.shape[1] * p * p)
    return patches.t() @ patches / len(patches)


def loaded(S: Tensor) -> Tensor:
    """S with some white noise besides: nothing is known to be free of noise, and what seems so
    comes out as ripples.
    """
    return S + WHITE_LOADING * S.diagonal().mean() * torch.eye(len(S), device=S.device)


def fineness(S: Tensor, p: int) -> float:
    """The energy of noise of covariance S, (C p p, C p p), at fine scales over that at coarse ones.

    Of the mean of the channels: 1 for white noise, about 0.5 after demosaicking, below 0.2 where
    the camera smoothed it or compressed it much.
    """
    channels = len(S) // (p * p)
    gray = S.view(channels, p * p, channels, p * p).mean((0, 2))
    order = torch.arange(p, device=S.device)
    waves = torch.cos(math.pi / p * (order + 0.5) * order[:, None])
    waves = waves / waves.norm(dim=1, keepdim=True)
    both = torch.kron(waves, waves)
    energy = (both @ gray @ both.t()).diagonal()
    frequency = (order + order[:, None]).flatten()
    coarse = energy[(frequency > 0) & (frequency < p)].mean()
    return float(energy[frequency >= p].mean() / coarse.clamp_min(1e-20))


def business(rough: Tensor) -> float:
    """How much rougher the usual one of the blocks, (N, C, B, B), is than the flattest ones.

    About 1.15 where noise covers all there is, 2 where half of the picture is texture.
    """
    energy = rough.square().mean((1, 2, 3)).sqrt()
    return float(energy.median() / energy.quantile(FLATTEST).clamp_min(1e-12))


def excess(fine: float, busy: float) -> float:
    """b, by the fineness of the noise and the business of the picture.

    A camera that smooths noise, or compresses it, does so most where it sees nothing else, and
    what it leaves there is coarse: elsewhere is more noise. And where a picture has hardly any
    detail, what pilots have is mostly noise that was left in them.
    """
    quenched = (WHITE - fine) / (WHITE - QUENCHED)
    smooth = (BUSY - busy) / (BUSY - SMOOTH)
    return 1 + (LARGEST_EXCESS - 1) * min(1.0, max(0.0, quenched, smooth))


def larger(p: int) -> int:
    """The side of the larger patches beside those of side p."""
    return round(1.5 * p)


def estimates(
    y: Tensor,
    noise: tuple[Tensor, ...],
    count: int,
    stride: int,
    reached: tuple[int, Tensor] | None = None,
) -> Iterator[Tensor]:
    """`count` better and better estimates of the picture without noise, (1, C, H, W) each.

    y: (1, C, H, W) in [0, 1]; noise: `covariances(y)`, not empty; reached: how many passes
    were made and what they gave, to go on from there. More than four are no better.
    """
    gain, floor, b, *channels = noise[0].tolist()
    law, (full, half, large) = lawful(gain, floor, *channels), noise[1:]
    z = law.evened(y)
    if reached is None:
        basic = first_pass(z, full, half, b, stride)
        reached = 1, law.restored(basic)
        yield reached[1]
    made, basic = reached
    for index in range(made, count):
        pilot, weight = law.expected(basic), weights(law, basic, full)
        if index < CHAINED:
            found = second_pass(z, pilot, b * full, stride, weight)
        else:
            pilot = steadied(z, pilot, full, half, b, stride)
            found = pilot.lerp(second_pass(z, pilot, b * large, stride, weight), 0.5)
        basic = law.restored(found)
        yield basic


def first_pass(z: Tensor, full: Tensor, half: Tensor, b: float, stride: int) -> Tensor:
    """The first estimate, its coarse part from the picture reduced by two, twice filtered."""
    small = halved(z)
    coarse = second_pass(small, alone(small, half, stride), b * half, stride)
    basic = alone(z, full, stride)
    return (basic + enlarged(coarse - halved(basic), z)).clamp(0, 1)


def steadied(z: Tensor, pilot: Tensor, full: Tensor, half: Tensor, b: float, stride: int) -> Tensor:
    """The pilot with its coarse part filtered once more, which leaves fewer blotches in it.

    All of the differences of colours, which have little detail; of the brightness as b says.
    """
    change = coarsely(z, pilot, full, half, b, stride, COARSE_LEVELS) - pilot
    gray = change.mean(1, keepdim=True)
    return (pilot + change - gray + min(1.0, b - 1) * gray).clamp(0, 1)


def coarsely(
    z: Tensor, pilot: Tensor, full: Tensor, half: Tensor, b: float, stride: int, levels: int
) -> Tensor:
    """The pilot, its part at half size from a pass there; noise falls alike from level to level."""
    small, before = halved(z), halved(pilot)
    after = second_pass(small, before, b * half, stride)
    if levels > 1:
        quarter = half.trace() / full.trace() * half
        after = coarsely(small, after, half, quarter, b, stride, levels - 1)
    return (pilot + enlarged(after - before, z)).clamp(0, 1)


def alone(z: Tensor, S: Tensor, stride: int) -> Tensor:
    """An estimate without a pilot; of even noise of covariance S, (1, C, H, W)."""
    wanted = Pass(side_of(S, z), FIRST_GROUP, stride=stride, combine=partial(combined, S))
    return collaborate(z, None, torch.zeros_like(z), wanted).clamp(0, 1)


def second_pass(
    z: Tensor, pilot: Tensor, S: Tensor, stride: int, weight: Tensor | float = 1.0
) -> Tensor:
    """An estimate by way of a pilot; both of even noise, (1, C, H, W).

    weight: see `channels.weights`. Larger patches, as S tells their size, are more alike and lie
    farther apart.
    """
    p = side_of(S, z)
    wanted = Pass(p, GROUP, stride=stride, combine=partial(combined, S))
    if p > matched_patch(z.shape[1]):
        wanted = Pass(p, LARGE_GROUP, LARGE_RADIUS, p, partial(combined, S))
    found = collaborate(z * weight, pilot * weight, torch.zeros_like(z), wanted)
    return (found / weight).clamp(0, 1)


def side_of(S: Tensor, z: Tensor) -> int:
    """The side of the patches that S, (n, n), is a covariance of."""
    return math.isqrt(len(S) // z.shape[1])


@lru_cache(maxsize=4)
def lawful(gain: float, floor: float, *channels: float) -> Light | Channels:
    """The same one for the same noise, with its tables.

    channels: their own share of light, their gains and their floors; none in gray.
    """
    light = Light(gain, floor)
    if not channels:
        return light
    own, *both = channels
    count = len(both) // 2
    return Channels(light, own, tuple(both[:count]), tuple(both[count:]))


def combined(S: Tensor, X: Tensor | None, Y: Tensor, D: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """The estimates, (N, k, n), of groups Y about their means, and the noise left in them.

    X: their pilots, about their means; None in the first pass. The noise left, (N, k, 1), is a
    share of that in Y; D, which would be its variance, and n are of no use here.
    """
    k = Y.shape[1]
    if X is None:
        C = Y.mT @ Y / k
        W = torch.eye(len(S), device=S.device) - S @ inverse(C + DIAGONAL_LOADING * S)
    else:
        C = X.mT @ X / k
        W = C @ inverse(C + S)
    left = ((W @ S) * W).sum((1, 2), keepdim=True) / S.diagonal().sum()
    return Y @ W.mT, left
