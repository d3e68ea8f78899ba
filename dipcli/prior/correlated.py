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

from dipcli.degradation.flat import blocks, flattest, without_plane
from dipcli.degradation.photo import Light, light_of
from dipcli.prior.groups import Combine
from dipcli.prior.inverses import inverse
from dipcli.prior.patches import Pass, collaborate, enlarged, halved, matched_patch

BLOCK = 12  # pixels; holds two patches at half size; 16 finds fewer flat ones among texture
FLATTEST = 0.02  # share of the blocks that are taken to be flat
LEAST_BLOCKS = 12
CORRECTIONS = (1.75, 1.5)  # variance of the noise over that of the flattest blocks; at half size
WHITE, QUENCHED, EXCESS = 0.35, 0.15, 3.0  # b by the share of fine noise: see `excess`
FIRST_GROUP, GROUP = 100, 200  # patches
STEADY = 1e-3  # of the noise added to C before it is inverted
LEAST_SIDE = 64  # pixels, to measure S


def covariances(y: Tensor) -> tuple[Tensor, ...]:
    """What the noise in y, (1, C, H, W) in [0, 1], is like; nothing if y is too small to tell.

    Three tensors: gain and floor of its law, (2,); the covariance of a patch of the picture made
    even, and of that reduced by two, (n, n) each.
    """
    law = light_of(y) if min(y.shape[-2:]) >= LEAST_SIDE else None
    if law is None:
        return ()
    p = matched_patch(y.shape[1])
    rough = without_plane(blocks(law.evened(y), max(BLOCK, 2 * p + 2)))
    flat = flattest(rough, FLATTEST, LEAST_BLOCKS)
    full, half = (covariance(level, p) for level in (flat, halved(flat)))
    told = torch.tensor([law.gain, law.floor], dtype=torch.float64)
    return told, CORRECTIONS[0] * full, CORRECTIONS[1] * half


def covariance(found: Tensor, p: int) -> Tensor:
    """Of the p x p patches in blocks, (N, C, B, B), of mean 0: (C p p, C p p)."""
    patches = F.unfold(found, p).mT.reshape(-1, found.shape[1] * p * p)
    return patches.t() @ patches / len(patches)


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


def excess(S: Tensor, p: int) -> float:
    """b: how much more noise there is than where the picture is flat.

    A camera that smooths noise, or compresses it, does so most where it sees nothing else. What
    it leaves there is coarse.
    """
    share = (WHITE - fineness(S, p)) / (WHITE - QUENCHED)
    return 1 + (EXCESS - 1) * min(1.0, max(0.0, share))


def estimates(
    y: Tensor,
    noise: tuple[Tensor, ...],
    count: int,
    stride: int,
    reached: tuple[int, Tensor] | None = None,
) -> Iterator[Tensor]:
    """`count` better and better estimates of the picture without noise, (1, C, H, W) each.

    y: (1, C, H, W) in [0, 1]; noise: `covariances(y)`, not empty; reached: how many passes
    were made and what they gave, to go on from there.
    """
    law, levels = lawful(*noise[0].tolist()), noise[1:]
    z = law.evened(y)
    if reached is None:
        reached = 1, law.restored(first_pass(z, levels, stride))
        yield reached[1]
    made, basic = reached
    for _ in range(made, count):
        basic = law.restored(second_pass(z, law.expected(basic), levels[0], stride))
        yield basic


def first_pass(z: Tensor, levels: tuple[Tensor, ...], stride: int) -> Tensor:
    """The first estimate, its coarse part from the picture reduced by two, twice filtered."""
    p, unused = matched_patch(z.shape[1]), torch.zeros_like(z)
    wanted = Pass(p, FIRST_GROUP, stride=stride, combine=first(levels[0]))
    basic = collaborate(z, None, unused, wanted)
    if len(levels) > 1:
        small = halved(z)
        coarse = second_pass(small, first_pass(small, levels[1:], stride), levels[1], stride)
        basic = basic.clamp(0, 1)
        basic = basic + enlarged(coarse - halved(basic), z)
    return basic.clamp(0, 1)


def second_pass(z: Tensor, pilot: Tensor, S: Tensor, stride: int) -> Tensor:
    """An estimate by way of a pilot; both of even noise, (1, C, H, W)."""
    p = matched_patch(z.shape[1])
    wanted = Pass(p, GROUP, stride=stride, combine=second(S, excess(S, p)))
    return collaborate(z, pilot, torch.zeros_like(z), wanted).clamp(0, 1)


@lru_cache(maxsize=4)
def lawful(gain: float, floor: float) -> Light:
    """The same one for the same noise, with its tables."""
    return Light(gain, floor)


def first(S: Tensor) -> Combine:
    """The first pass for noise of covariance S, (n, n)."""
    return partial(combined, S)


def second(S: Tensor, b: float) -> Combine:
    """The passes after it; noise of covariance S is b times as strong."""
    return partial(combined, b * S)


def combined(S: Tensor, X: Tensor | None, Y: Tensor, D: Tensor) -> tuple[Tensor, Tensor]:
    """The estimates, (N, k, n), of groups Y about their means, and the noise left in them.

    X: their pilots, about their means; None in the first pass. The noise left, (N, k, 1), is a
    share of that in Y; D, (N, k, 1), which would be its variance, is of no use here.
    """
    k = Y.shape[1]
    if X is None:
        C = Y.mT @ Y / k
        W = torch.eye(len(S), device=S.device) - S @ inverse(C + STEADY * S)
    else:
        C = X.mT @ X / k
        W = C @ inverse(C + S)
    left = ((W @ S) * W).sum((1, 2), keepdim=True) / S.diagonal().sum()
    return Y @ W.mT, left.expand(-1, k, -1)
