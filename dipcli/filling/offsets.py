"""How a picture repeats itself: the few shifts by which most of its patches find their like.

He, Sun: Statistics of patch offsets for image completion (ECCV 2012), section 2. Of each known
patch the most similar one that is not too near is sought; the shifts between the two, counted,
stand in few and high peaks: the pitch of a railing, the height of a shelf.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, maximum_filter
from torch.nn import functional as F

PATCH = 8  # pixels a side, as published
COUNT = 60  # peaks, as published; 30 and 120 look alike
LEAST_SHIFT = 0.8  # of the hole's depth: shorter shifts would only tell that pictures are smooth
MOST_ASKED = 1500  # patches whose like is sought, evenly spread
PEAK = 5  # pixels a side within which there is one peak
UNLIKE = 0.1  # beyond this difference pixels are of different things
AT_ONCE = 4_000_000  # distances


def dominant(
    values: NDArray[np.float32], hole: NDArray[np.bool_], depth: float
) -> NDArray[np.int64]:
    """The shifts (dy, dx), (n, 2), most frequent first; none where no patch is fully known.

    values: (h, w, C); hole: (h, w), True where unknown; depth: of the hole, in pixels.
    """
    side = min(PATCH, *hole.shape)
    lost = torch.from_numpy(hole)[None, None].float()
    at = (F.max_pool2d(lost, side, 1)[0, 0] == 0).nonzero()
    if len(at) < 2:
        return np.zeros((0, 2), np.int64)
    every = torch.from_numpy(values).unfold(0, side, 1).unfold(1, side, 1)
    patches = every[at[:, 0], at[:, 1]].flatten(1)
    squares = patches.square().sum(1)
    asked = torch.arange(0, len(at), max(1, len(at) // MOST_ASKED))
    votes = np.zeros((2 * hole.shape[0] + 1, 2 * hole.shape[1] + 1), np.float32)
    for some in torch.split(asked, max(1, AT_ONCE // len(at))):
        away = at[None] - at[some, None]
        distance = squares - 2 * patches[some] @ patches.t()
        near = away.square().sum(-1) < max(LEAST_SHIFT * depth, side / 2) ** 2
        found = at[distance.masked_fill_(near, torch.inf).argmin(1)] - at[some]
        far = ~near.all(1)
        index = (found[far] + torch.tensor(hole.shape)).numpy()
        np.add.at(votes, (index[:, 0], index[:, 1]), 1)
    return peaks(votes + votes[::-1, ::-1]) - np.array(hole.shape, np.int64)


def peaks(votes: NDArray[np.float32]) -> NDArray[np.int64]:
    """Where the smoothed histogram is highest, (n, 2), highest first."""
    smooth = gaussian_filter(votes, 1.0)
    at = np.argwhere((smooth == maximum_filter(smooth, PEAK)) & (votes > 0))
    order = np.argsort(-smooth[at[:, 0], at[:, 1]], kind="stable")
    return np.asarray(at[order[:COUNT]], np.int64)


def aligned(
    values: NDArray[np.float32], hole: NDArray[np.bool_], offset: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The shift within one pixel of `offset` by which most known pixels find their like."""

    def unlike(shift: NDArray[np.int64]) -> float:
        here, there = overlap(hole.shape, shift)
        known = ~hole[here] & ~hole[there]
        apart = np.abs(values[here] - values[there]).mean(-1).clip(0, UNLIKE)
        return float(apart[known].mean()) if known.any() else np.inf

    around = offset + np.argwhere(np.ones((3, 3))) - 1
    return np.asarray(around[np.argmin([unlike(shift) for shift in around])], np.int64)


def overlap(shape: tuple[int, ...], shift: NDArray[np.int64]) -> tuple[tuple[slice, ...], ...]:
    """The part of a picture that stays within it when shifted, and where it comes to lie."""
    here = tuple(
        slice(max(0, -d), max(0, n - max(0, d))) for n, d in zip(shape, shift, strict=True)
    )
    there = tuple(slice(s.start + d, s.stop + d) for s, d in zip(here, shift, strict=True))
    return here, there
