"""A patch-group filter for noise that neighbours and channels share, as in pictures of a camera.

NL-Bayes (Lebrun, Buades, Morel, SIAM J. Imaging Sciences 2013) with the covariance S of the
noise in a patch taken from the picture itself, as in the noise clinic (Lebrun, Colom, Morel, IEEE
Trans. Image Processing 2015). The patches of a group are samples of one Gaussian, so

    first pass, C of the noisy group:   x = m + (C - S) C^-1 (y - m)
    with a pilot, C of its group:       x = m + C (C + b S)^-1 (y - m)

S is measured where the picture is flattest, and where it is flattest noise is weakest: hence b.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from dipcli.prior.groups import Combine
from dipcli.prior.inverses import inverse
from dipcli.prior.patches import Pass, collaborate, enlarged, halved, matched_patch

BLOCK = 16  # pixels; holds the wavelengths of camera noise
FLATTEST = 0.1  # share of the blocks that are taken to be flat; 0.3 loses 0.1 dB
EXCESS = 3.0  # b; five pictures: 2 loses 0.2 dB, 4 nothing
FIRST_GROUP, GROUP = 100, 200  # patches
STEADY = 1e-3  # of the noise added to C before it is inverted
LEVELS = 2  # the picture and its half; a third loses 0.2 dB
LEAST_SIDE = 4 * BLOCK  # pixels, at the coarser level, to measure S there


def covariances(y: Tensor) -> tuple[Tensor, ...]:
    """The noise covariance of a patch in y, (1, C, H, W), and in y reduced by two; (n, n) each.

    Fewer if the picture is too small to tell.
    """
    found: list[Tensor] = []
    while len(found) < LEVELS and min(y.shape[-2:]) >= LEAST_SIDE:
        found.append(covariance(y))
        y = halved(y)
    return tuple(found)


def covariance(y: Tensor) -> Tensor:
    """Of the patches in the flattest blocks, from each of which a plane is taken off."""
    channels, p = y.shape[1], matched_patch(y.shape[1])
    blocks = F.unfold(y, BLOCK, stride=BLOCK)[0].t().reshape(-1, channels, BLOCK * BLOCK)
    at = torch.linspace(-1, 1, BLOCK, device=y.device).expand(BLOCK, BLOCK)
    plane, _ = torch.linalg.qr(torch.stack([torch.ones_like(at), at, at.t()]).flatten(1).t())
    rough = blocks - blocks @ plane @ plane.t()
    energy = rough.square().mean((1, 2))
    flat = rough[energy <= energy.quantile(FLATTEST)].view(-1, channels, BLOCK, BLOCK)
    patches = F.unfold(flat, p).mT.reshape(-1, channels * p * p)
    return patches.t() @ patches / len(patches)


def estimates(
    y: Tensor,
    noise: tuple[Tensor, ...],
    count: int,
    stride: int,
    reached: tuple[int, Tensor] | None = None,
) -> Iterator[Tensor]:
    """`count` better and better estimates of the picture without noise, (1, C, H, W) each.

    y: (1, C, H, W) in [0, 1]; noise: `covariances(y)`, at least one; reached: how many passes
    were made and what they gave, to go on from there. The first estimate takes its coarse part
    from the picture reduced by two.
    """
    p = matched_patch(y.shape[1])
    unused = torch.zeros_like(y)  # the noise is told by its covariance
    if reached is None:
        basic = collaborate(
            y, None, unused, Pass(p, FIRST_GROUP, stride=stride, combine=first(noise[0]))
        )
        if len(noise) > 1:
            *_, coarse = estimates(halved(y), noise[1:], 2, stride)
            basic = basic.clamp(0, 1)
            basic = basic + enlarged(coarse - halved(basic), y)
        reached = 1, basic.clamp(0, 1)
        yield reached[1]
    made, basic = reached
    for _ in range(made, count):
        wanted = Pass(p, GROUP, stride=stride, combine=second(noise[0]))
        basic = collaborate(y, basic, unused, wanted).clamp(0, 1)
        yield basic


def first(S: Tensor) -> Combine:
    """The first pass for noise of covariance S, (n, n)."""
    return partial(combined, S)


def second(S: Tensor) -> Combine:
    """The passes after it."""
    return partial(combined, EXCESS * S)


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
