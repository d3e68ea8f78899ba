"""Stuck pixels: a few values at one end of the range, whatever the light, as of a faulty sensor.

What a picture shows of its own went through the optics: the neighbours of a star or a highlight
are raised. A stuck value stands alone, far outside of all 24 around it, which know nothing of it.
What is drawn may stand alone, too (dots, letters, stars of one pixel); it has flat ground, comes
in all strengths, or keeps to some ground or place, where stuck pixels are anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dipcli.degradation.chances import ranks
from dipcli.degradation.saltpepper import LEAST_LEVELS, levels

WINDOW_RADIUS = 2  # pixels on each side
SPANS = 2.0  # of the 24 around: so far beyond them; noise of sigma 50 does not get there
LESS = 0.5, 1.0  # spans, once there are any: of one value, of several
SAME = 0.1
LEAST_STEP = 0.1  # beyond the 24 around
MOST_CANDIDATES = 0.02  # of the values; more are texture or noise
BRIGHT, DARK = 0.7, 0.15  # stuck from here on, and up to here
RAISED = 0.04  # of the step, are the four nearest; a star of sigma 0.35 pixels raises them by 0.09
DEVIATIONS = 1.5  # of what is around, granted besides
RAISED_MEAN = 0.02  # of all of them
LEAST_COUNT = 4  # pixels; 783 pictures without any: no more than 2 of one kind and no other
OTHERS = 0.2  # per stuck pixel, that stand alone, but are not at the end; stars: 0.25 to 4
FLAT = 0.5  # share on flat ground, at most; drawn pictures: 0.7 to 1
LEAST_SPREAD = 0.03  # standard deviation of the ground: a picture that shows something
MOST_APART = 3.0  # deviations of the mean rank of ground, row and column from chance
BESIDE = 0.5  # of the pixels, that are stuck in all channels, to take all channels for stuck

Values = NDArray[np.float32]
Marks = NDArray[np.bool_]
NEAREST = (0, -1), (0, 1), (-1, 0), (1, 0)
OTHER = [
    (i, j)
    for i in range(-WINDOW_RADIUS, WINDOW_RADIUS + 1)
    for j in range(-WINDOW_RADIUS, WINDOW_RADIUS + 1)
    if (i, j) != (0, 0) and (i, j) not in NEAREST
]


@dataclass(frozen=True)
class Alone:
    """Values that stand alone: where, (3, N); their value and mean around, (N,).

    raised: by how much of the step the nearest four are; flat: whether the ground is.
    """

    at: NDArray[np.intp]
    value: Values
    ground: Values
    raised: Values
    flat: Marks

    def __getitem__(self, chosen: Marks) -> Alone:
        """Some of them."""
        value, ground, raised = self.value[chosen], self.ground[chosen], self.raised[chosen]
        return Alone(self.at[:, chosen], value, ground, raised, self.flat[chosen])

    @property
    def pixels(self) -> int:
        """Whatever the channels."""
        return len(np.unique(self.at[:2], axis=1).T) if self.at.size else 0


def found(y: Values) -> tuple[Marks, dict[str, object]] | None:
    """The stuck values, (H, W, C) bool, and the evidence; None if there are none.

    y: (H, W, C) float32 in [0, 1].
    """
    mask, facts = np.zeros(y.shape, bool), {}
    count = against = 0
    for name, image, end in (("hot", y, BRIGHT), ("dead", 1 - y, 1 - DARK)):
        lonely = alone(image)
        if lonely is None:
            continue
        ended = lonely.value >= end
        stuck, others = lonely[ended], lonely[~ended]
        against += others.pixels
        if judged(image, stuck, others):
            mask[tuple(alike(image, stuck).at)] = True
            count += stuck.pixels
            facts[name] = {"pixels": stuck.pixels, "others": others.pixels}
        else:
            against += stuck.pixels
    if not facts or against > OTHERS * count or levels(y) < LEAST_LEVELS:
        return None
    if mask.all(2).sum() > BESIDE * mask.any(2).sum():
        mask[:] = mask.any(2, keepdims=True)
    return mask, dict(facts)


def alone(y: Values, spans: float = SPANS) -> Alone | None:
    """The values that stand alone above all around them; None if there are too many or none.

    spans: by how many ranges of those around.
    """
    padded = np.pad(
        y, ((WINDOW_RADIUS, WINDOW_RADIUS), (WINDOW_RADIUS, WINDOW_RADIUS), (0, 0)), mode="reflect"
    )
    height, width = y.shape[:2]
    peaks = np.ones(y.shape, bool)
    for i, j in NEAREST:
        beside = padded[
            WINDOW_RADIUS + i : WINDOW_RADIUS + i + height,
            WINDOW_RADIUS + j : WINDOW_RADIUS + j + width,
        ]
        peaks &= y - beside >= LEAST_STEP
    row, column, channel = np.nonzero(peaks)
    if not 0 < len(row) <= MOST_CANDIDATES * y.size:
        return None
    shifts = (*NEAREST, *OTHER)
    around = np.stack(
        [padded[row + WINDOW_RADIUS + i, column + WINDOW_RADIUS + j, channel] for i, j in shifts],
        axis=1,
    )
    value, top, low = y[row, column, channel], around.max(1), around.min(1)
    ground, deviation = around.mean(1), around.std(1)
    step = value - ground
    raised = around[:, : len(NEAREST)].mean(1) - around[:, len(NEAREST) :].mean(1)
    apart = value - top >= np.maximum(LEAST_STEP, spans * (top - low))
    sharp = np.abs(raised) <= RAISED * step + DEVIATIONS * deviation
    every = Alone(
        np.stack([row, column, channel]),
        value,
        ground,
        raised / np.maximum(step, LEAST_STEP),
        top == low,
    )
    return every[apart & sharp]


def judged(y: Values, stuck: Alone, others: Alone) -> bool:
    """Whether those at the end of the range are stuck pixels."""
    return bool(
        stuck.pixels >= LEAST_COUNT
        and others.pixels <= OTHERS * stuck.pixels
        and stuck.flat.mean() <= FLAT
        and abs(stuck.raised.mean()) <= RAISED_MEAN
        and anywhere(y, stuck)
    )


def alike(y: Values, stuck: Alone) -> Alone:
    """With those of the same values that stand less far out: 0.85 of all in place of 0.5."""
    low, high = float(stuck.value.min()), float(stuck.value.max())
    less = alone(y, LESS[0] if high - low <= SAME else LESS[1])
    return stuck if less is None else less[(less.value >= low) & (less.value <= high)]


def anywhere(y: Values, stuck: Alone) -> bool:
    """Whether they lie on any ground and in any place where they would show."""
    side = 2 * WINDOW_RADIUS + 1
    up, left = y.shape[0] // side, y.shape[1] // side
    without = y.copy()
    without[tuple(stuck.at)] = stuck.ground
    tiles = without[: up * side, : left * side].reshape(up, side, left, side, -1)
    top, ground = tiles.max((1, 3)), tiles.mean((1, 3))
    span = top - tiles.min((1, 3))
    room = float(np.median(stuck.value)) - top
    shown = room >= np.maximum(LEAST_STEP, SPANS * span)
    if not shown.any() or float(ground.std()) < LEAST_SPREAD:
        return False
    row, column, _ = np.nonzero(shown)
    pairs = (ground[shown], stuck.ground), (row, stuck.at[0] // side), (column, stuck.at[1] // side)
    count = stuck.pixels
    return all(apart(places, hit, count) <= MOST_APART for places, hit in pairs)


def apart(places: NDArray[np.generic], hit: NDArray[np.generic], count: int) -> float:
    """How far the mean rank of `hit` among `places` is from that of chance, in deviations.

    count: how many of them are independent: channels are not.
    """
    of_hit = ranks(np.concatenate([places, hit]))[len(places) :]
    share = of_hit.mean() / (len(places) + len(hit))
    return float(abs(share - 0.5) * (12 * count) ** 0.5)
