"""Impulses of any value: what lies too far from what its neighbours, or an estimate, expect.

Whether there are any is asked where the middle four of eight neighbours agree. There most values
are close to the neighbours, and a texture or noise has the fewer values the farther away (a tail);
impulses of any value have as many or more far away, above and below, and by chance.

Which values are hit is decided for each: with the error e of a prediction Laplacian of scale b,
as fitted to the picture where the neighbourhood is as rough, and impulses uniform over [0, 1],

    hit where   P(hit)  >  (1 - P(hit)) exp(-e / b) / (2 b),    over all channels hit together
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from dipcli.degradation.saltpepper import LEAST_LEVELS, levels
from dipcli.degradation.scatter import Scatter, scatter

AGREE = 0.15  # at most between the middle four of eight neighbours
BULK = 0.1  # from the median of the neighbours; holds most values, whatever else:
LEAST_BULK = 0.48  # 20 % impulses with noise of sigma 25: 0.49; noise of sigma 50: 0.45 at most
NEAR, FAR = 0.15, 0.3  # the tail, and what impulses have beyond it
LEAST_FAR = 0.62  # far values per value of the tail: impulses 0.66 to 20, noise 0.5
LEAST_RATE = 0.002
RATIO = 5.0  # of the rates above and below, at most
MOST_CORRELATION = 0.076  # impulses of 30 %: 0.06; letters and edges from 0.097 on
DEVIATIONS = 1.5  # of chance, granted besides
LEAST_COUNT = 40
LEAST_AREA = 0.02
ROWS = 256  # looked at together
BINS = 12  # of roughness, for the scale of the error
LEAST_SCALE = 1.5 / 255
AT_FIRST = 0.3  # P(hit) while neighbours are hit as well; 0.5: 0.2 dB less in the end
TOGETHER = 0.2  # of the values hit, in pixels hit in all channels; by chance, 20 % hit: 0.04

Values = NDArray[np.float32]
Marks = NDArray[np.bool_]


def neighbours(y: Values) -> Values:
    """The eight around each value, sorted, (8, H, W, C)."""
    padded = np.pad(y, ((1, 1), (1, 1), (0, 0)), mode="reflect")
    height, width = y.shape[:2]
    shifts = [(i, j) for i in range(3) for j in range(3) if (i, j) != (1, 1)]
    around = np.stack([padded[i : i + height, j : j + width] for i, j in shifts])
    around.sort(axis=0)
    return around


def by_rows(y: Values) -> Iterator[tuple[slice, Values]]:
    """Some rows at a time, and the sorted neighbours there, (8, h, W, C): all are 8 pictures."""
    height = len(y)
    for top in range(0, height, ROWS):
        bottom, start = min(height, top + ROWS), max(0, top - 1)
        around = neighbours(y[start : bottom + 1])
        yield slice(top, bottom), around[:, top - start : bottom - start]


def found(y: Values) -> tuple[Marks, dict[str, object]] | None:
    """The values hit by impulses of any value, (H, W, C) bool, and the evidence; None if none are.

    y: (H, W, C) float32 in [0, 1]. `patches.filled.refined` tells better which values are hit.
    """
    if lonely(y) < LEAST_RATE / 4 or levels(y) < LEAST_LEVELS:
        return None
    middle, agree = np.empty_like(y), np.empty(y.shape, bool)
    for rows, around in by_rows(y):
        middle[rows], agree[rows] = median(around), around[5] - around[2] < AGREE
    facts = evidence(y, agree, middle)
    if facts is None:
        return None
    rough = np.concatenate([roughness(around) for _, around in by_rows(y)])
    error, told = np.abs(y - middle), np.ones(y.shape, bool)
    mask = hits(error, rough, told, AT_FIRST, whole=False)
    if together(mask):
        mask = hits(error, rough, told, AT_FIRST, whole=True)
    return mask, facts


def lonely(y: Values) -> float:
    """The share of values far from all four neighbours: a quick look."""
    across = np.abs(np.diff(y, axis=1)) >= FAR
    down = np.abs(np.diff(y, axis=0)) >= FAR
    inner = across[1:-1, 1:] & across[1:-1, :-1] & down[1:, 1:-1] & down[:-1, 1:-1]
    return float(inner.mean())


def median(around: Values) -> Values:
    """Of the eight neighbours, (H, W, C)."""
    middle: Values = (around[3] + around[4]) / 2
    return middle


def without(y: Values, mask: Marks) -> Values:
    """y with the median of the eight neighbours in place of what is in the mask, (H, W, C)."""
    return np.where(mask, np.concatenate([median(around) for _, around in by_rows(y)]), y)


def evidence(y: Values, agree: Marks, middle: Values) -> dict[str, object] | None:
    """What speaks for impulses of any value; None if something speaks against them.

    middle: the median of the neighbours; agree: whether the middle four agree.
    """
    above, tail_above = side(y - middle, agree & (middle < 0.5))
    below, tail_below = side(middle - y, agree & (middle >= 0.5))
    rates = above.rate, below.rate
    if (
        min(tail_above, tail_below) <= 0
        or min(above.count, below.count) < LEAST_COUNT
        or min(above.places, below.places) < LEAST_AREA * y.size
        or min(rates) < LEAST_RATE
        or max(rates) > RATIO * min(rates)
        or not (unrelated(above) and unrelated(below))
    ):
        return None
    return {"above": above.facts(), "below": below.facts()}


def side(apart: Values, area: Marks) -> tuple[Scatter, float]:
    """What lies far away on one side, and its count per value of the tail; 0 if no sign of any."""
    far = scatter(area & (apart >= FAR), area)
    bulk = int((area & (np.abs(apart) < BULK)).sum()) / max(1, far.places)
    tail = int((area & (apart >= NEAR) & (apart < FAR)).sum())
    excess = far.count / max(1, tail)
    return far, excess if bulk >= LEAST_BULK and excess >= LEAST_FAR else 0.0


def unrelated(far: Scatter) -> bool:
    """Whether what lies far away is correlated as little as impulses are."""
    return far.correlation <= MOST_CORRELATION + DEVIATIONS / math.sqrt(far.places)


def roughness(around: Values) -> Values:
    """The range of the neighbours without the largest and the least, (H, W, C)."""
    rough: Values = around[6] - around[1]
    return rough


def hits(error: Values, rough: Values, told: Marks, probability: float, whole: bool) -> Marks:
    """Which values are hit, (H, W, C) bool, given the errors of a prediction, >= 0.

    rough: how rough the picture is there; told: where the errors tell how good the prediction
    is; whole: whether all channels of a pixel are hit together.
    """
    scale = fitted(error, rough, told)
    spoken = error / scale + np.log(2 * scale)
    if whole:
        spoken = np.broadcast_to(spoken.sum(2, keepdims=True), error.shape)
    far: Marks = spoken > math.log((1 - probability) / probability)
    return far


def fitted(error: Values, rough: Values, told: Marks) -> Values:
    """The scale of a Laplacian error where it is as rough: medians over bins of equal count."""
    errors, roughs = error[told], rough[told]
    order = np.argsort(roughs)
    parts = [part for part in np.array_split(order, BINS) if len(part)]
    at = [float(roughs[part].mean()) for part in parts]
    scales = [float(np.median(errors[part])) / math.log(2) for part in parts]
    rising = np.maximum.accumulate(np.maximum(scales, LEAST_SCALE))
    scale: Values = np.interp(rough, at, rising).astype(np.float32)
    return scale


def together(mask: Marks) -> bool:
    """Whether the channels of a pixel are hit together: far more often than by chance."""
    channels = mask.shape[2]
    if channels == 1:
        return True
    return float(mask.all(2).mean()) > TOGETHER * float(mask.mean())
