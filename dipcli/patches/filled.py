"""A picture without its impulses: what they hit is lost, and filled like lost pixels.

Channels may be hit apart; then what is left of a pixel tells what was lost of it. Noise besides is
taken from the filled picture afterwards, its strength as `degradation.beneath` has it. Making the
filled values as noisy as the others before that loses 0.2 to 0.5 dB (two pictures, sigma 10,
20 % hit).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dipcli.degradation.outliers import AT_FIRST, hits, median, neighbours, roughness, together
from dipcli.patches.completion import iterative_inpainting

REFINING = (2, 4)  # passes of the fillings that the observation is compared with, one after another
LATER = 0.2  # P(hit) once the neighbours are clean
PROBED = 0.15  # of the pixels, left out besides
PROBES = (7, 91)  # the seed: a short one may be the very one that drew the impulses


def estimates(
    y: Tensor,
    mask: Tensor,
    passes: int,
    stride: int,
    reached: tuple[int, Tensor] | None = None,
) -> Iterator[Tensor]:
    """The picture filled better and better, (1, C, H, W); values not in the mask are those of y.

    y: (1, C, H, W) in [0, 1]; mask: (1, C, H, W) bool, True where an impulse hit; passes and
    stride: as `dip inpaint` has them for scattered pixels. reached: how many passes were made and
    what they gave, to go on from there.
    """
    yield from iterative_inpainting(y, known(mask, y), passes, stride, reached=reached)


def refined(y: Tensor, mask: Tensor, stride: int) -> Tensor:
    """Which values impulses of any value hit, better than `mask` has it, (1, C, H, W) bool each.

    The picture is filled, and what was thought hit compared with what was filled in: false alarms
    are near it. Then neighbours that are no impulses any more show those that were missed. A few
    values more are left out to see how far a filling is from values that were not hit.
    """
    observed, hit = rows(y), rows(mask)
    whole = together(hit)
    left_out = np.random.default_rng(PROBES).random((*hit.shape[:2], 1)) < PROBED
    checked = hit
    for passes in REFINING:
        lost = hit | left_out
        *_, filling = estimates(y, planes(lost, y), passes, stride)
        filled = rows(filling)
        rough, told = roughness(neighbours(filled)), lost & ~hit
        error = np.abs(observed - filled)
        checked = lost & hits(error, rough, told, LATER, whole)
        around = neighbours(np.where(checked, filled, observed))
        error = np.abs(observed - median(around))
        hit = checked | hits(error, roughness(around), ~checked, AT_FIRST, whole)
    return planes(checked, y)


def rows(image: Tensor) -> NDArray[Any]:
    """(1, C, H, W) as an array (H, W, C)."""
    array: NDArray[Any] = image[0].permute(1, 2, 0).cpu().numpy()
    return array


def planes(array: NDArray[Any], like: Tensor) -> Tensor:
    """(H, W, C) as a tensor (1, C, H, W), where `like` is."""
    return torch.from_numpy(np.ascontiguousarray(array.transpose(2, 0, 1)))[None].to(like.device)


def known(mask: Tensor, like: Tensor) -> Tensor:
    """1 where no impulse hit: (1, 1, H, W) if all channels were hit together, else (1, C, H, W)."""
    kept = (~mask).to(like.dtype)
    together = bool((mask == mask[:, :1]).all())
    return kept[:, :1] if together else kept
