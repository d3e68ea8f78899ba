"""Salt and pepper: values lost to black or white, half of them each, wherever they fall.

Salt alone, or pepper alone, has one witness less; it has to be beyond doubt.

Clean pictures have black and white values, too, and noisy ones are clipped there. Impulses are
told from them where they would show, which is where the values around (those that are neither
black nor white, cf. the decision-based median filters of Srinivasan and Ebenezer 2007) leave
a wide gap to the extreme: nothing else is in that gap, black and white come at the same rate, and
their places are those of chance.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from dipcli.degradation.chances import (
    binomial_quantile,
    normal_log_above,
    normal_log_below,
    normal_log_density,
)
from dipcli.degradation.scatter import Scatter, scatter
from dipcli.degradation.surroundings import Around, around, box

MOST_PIXELS, BAND = 1_500_000, 128  # of a large picture's bands of so many rows
LEAST_RATE = 0.003  # of black, and of white; noise of sigma 50 clipped: up to 0.0025
MOST_RATE = 0.45
RATIO = 3.0  # of the two rates, at most
LEAST_COUNT = 8
ALONE_RATE = 0.006  # of salt without pepper, or pepper without salt: cameras in the dark 0.004
ALONE_COUNT, ALONE_TILES = 50, 16
ALONE_NEAR = 0.1  # what is near salt without being salt: 0.3 to 0.5 where 1238 pictures have none
ALONE_SPREAD = 0.03  # standard deviation of what is around: dots on one sky are stars
LEAST_AROUND = 4 / 25  # share of the window that is neither black nor white
GAP = 0.35  # between what is around and the extreme; and as many deviations of what is around:
STEEP = 4.0
WILD = 0.2  # deviation of what is around, in the median: noise of sigma 100, clipped, has 0.24
FEW = 0.02  # of the values: then impulses have no neighbours, and what has is the picture's own
NEAR = 0.6  # of the gap; what lies beyond, without being extreme, speaks against impulses
MOST_NEAR = 0.25  # of those, per extreme value; impulses and noise of sigma 25: up to 0.17
LEAST_LEVELS = 24  # of 256; dithered pictures and few photons have fewer, and wide gaps
SPREADS = 0.1, 0.2  # of black and white, should noise have come after the impulses
CLIPPED = 0.35, 0.56  # share of them that noise moved beyond black and white: half
WHOLE = 0.9  # share of the impulses that hit all channels alike, if whole pixels are hit
DENSE_WINDOW = 7  # pixels; black or white areas are told from impulses by their density there
DENSE = 1e-5  # chance that impulses alone are as dense
FLATTEST = 0.1  # share of the windows that shows the noise
LEAST_NOISE = 1 / 255
# Of impulses that noise came after: a missed one costs the square of its distance, a false alarm
# about four times the noise's variance. Six crops, sigma 10 and 20: 0.4 to 3 dB over no such cost.
COST = 2.0  # deviations of the noise, at which both cost the same
MOST_COST = 5.0
TEXTURE = 0.3  # of the variance around counts as the error of what is expected; 1: more is missed
LEAST_CLOSE = 0.3  # share of 3 x 3 that tells what is expected better than the window
UNKNOWN = -10.0  # log-likelihood of a value with nothing around it
ROUNDS = 3
STEP = 1 / 255

Values = NDArray[np.float32]
Marks = NDArray[np.bool_]
Pair = tuple[float, float]


def found(y: Values) -> tuple[Marks, dict[str, object]] | None:
    """The values lost to salt and pepper, (H, W, C) bool, and the evidence; None if there is none.

    y: (H, W, C) float32 in [0, 1]. Impulses fall everywhere: where bands of a large picture have
    none, neither has the whole.
    """
    some = bands(y)
    return None if some is not y and decided(some) is None else decided(y)


def bands(y: Values) -> Values:
    """Of a large picture, (H, W, C), some bands of rows, below one another; else all of it."""
    each = y.shape[0] * y.shape[1] // MOST_PIXELS
    if each < 2:
        return y
    return np.concatenate([y[top : top + BAND] for top in range(0, len(y), each * BAND)])


def decided(y: Values) -> tuple[Marks, dict[str, object]] | None:
    """The same, of all that is given."""
    rates = float((y <= 0).mean()), float((y >= 1).mean())
    if max(rates) < LEAST_RATE / 2 or levels(y) < LEAST_LEVELS:
        return None
    return (both(y) if min(rates) >= LEAST_RATE / 2 else None) or one(y, rates)


def both(y: Values) -> tuple[Marks, dict[str, object]] | None:
    """Salt and pepper, perhaps with noise that came after them."""
    for reach in SPREADS:
        wide = judged(y, reach)
        if wide is not None and wide[0].any():
            hit = y[wide[0]]
            if CLIPPED[0] <= float(((hit <= 0) | (hit >= 1)).mean()) <= CLIPPED[1]:
                return softened(y, wide[0]), wide[1]
    return judged(y, 0.0)


def judged(y: Values, reach: float) -> tuple[Marks, dict[str, object]] | None:
    """The same, where black and white reach so far: if noise came after the impulses."""
    black, white = y <= reach, y >= 1 - reach
    near = around(y, ~(black | white))
    if float(np.median(near.deviation)) > WILD * (1 - 2 * reach):
        return None
    salt, salt_near = suspects(y, white, near, 1 - reach - near.mean, y > near.mean)
    pepper, pepper_near = suspects(y, black, near, near.mean - reach, y < near.mean)
    rates = salt.rate, pepper.rate
    if (
        min(salt.count, pepper.count) < LEAST_COUNT
        or min(rates) < LEAST_RATE
        or max(rates) > min(MOST_RATE, RATIO * min(rates))
        or max(salt_near, pepper_near) > MOST_NEAR
        or not (salt.by_chance or pepper.by_chance)
    ):
        return None
    mask = lost(y, (black, white), near, (pepper.rate, salt.rate))
    return mask, {"salt": salt.facts(), "pepper": pepper.facts()}


def softened(y: Values, mask: Marks) -> Marks:
    """Which values impulses hit if noise came after them, given a first mask, (H, W, C) bool each.

    The noise is as wide as it has spread the impulses, half of which it moved beyond the extreme.
    Each value then is an impulse where that is likelier, weighed by what an error costs, than that
    it comes from what is around it.
    """
    whole = int(mask.all(2).sum()) * mask.shape[2] > WHOLE * int(mask.sum())
    for _ in range(ROUNDS):
        near, close = around(y, ~mask), box((~mask).astype(np.float32), 3)
        inner = box(np.where(mask, np.float32(0), y), 3) / np.maximum(close, np.float32(1e-6))
        mean = np.where(close > LEAST_CLOSE, inner, near.mean)
        noise = spread(y, mean, mask)
        plain = likelihood(y, mean, np.sqrt(TEXTURE * near.deviation**2 + noise**2))
        plain = np.where(near.share < LEAST_AROUND, UNKNOWN, plain)
        rate = min(max(float(mask.mean()) / 2, 1e-6), MOST_RATE)
        mask = np.zeros(y.shape, bool)
        for extreme in (0.0, 1.0):
            odds = likelihood(y, extreme, noise) - plain
            cost = np.square((mean - extreme) / (COST * noise)).clip(1e-6, MOST_COST)
            if whole:
                odds, cost = odds.sum(2, keepdims=True), cost.max(2, keepdims=True)
            mask |= odds + np.log(cost * rate / (1 - 2 * rate)) > 0
    return mask


def spread(y: Values, mean: Values, mask: Marks) -> float:
    """The standard deviation of noise on impulses, as those show it that are far from the mean."""
    dark, bright = mask & (mean > 0.5) & (y < 0.5), mask & (mean < 0.5) & (y > 0.5)
    far = np.concatenate([y[dark], 1 - y[bright]])
    square = 2 * float(np.square(far).mean()) if len(far) else 0.0  # half of them are clipped
    return max(math.sqrt(square), LEAST_NOISE)


def likelihood(y: Values, mean: Values | float, deviation: Values | float) -> Values:
    """The logarithm of the probability of 8-bit values y, if clipped to [0, 1]."""
    inside = normal_log_density(y, mean, deviation) + math.log(STEP)
    low = normal_log_below(STEP / 2, mean, deviation)
    high = normal_log_above(1 - STEP / 2, mean, deviation)
    return np.asarray(np.where(y <= 0, low, np.where(y >= 1, high, inside)), np.float32)


def one(y: Values, rates: Pair) -> tuple[Marks, dict[str, object]] | None:
    """Salt without pepper, or pepper without salt; rates: of black and of white."""
    for name, rate in (("salt", rates[1]), ("pepper", rates[0])):
        if rate < ALONE_RATE / 2:
            continue
        found = salt_alone(y if name == "salt" else 1 - y)
        if found is not None:
            return found[0], {name: found[1].facts()}
    return None


def salt_alone(y: Values) -> tuple[Marks, Scatter] | None:
    """Salt without pepper; what it takes is free again before pepper is looked for."""
    white = y >= 1
    near = around(y, ~white)
    marks, between = suspects(y, white, near, 1 - near.mean, y > near.mean)
    if (
        ALONE_RATE <= marks.rate <= 1 - LEAST_AROUND
        and marks.count >= ALONE_COUNT
        and marks.tiles >= ALONE_TILES
        and marks.by_chance
        and between <= ALONE_NEAR
        and float(near.mean.std()) >= ALONE_SPREAD
    ):
        return lost(y, (white,), near, (marks.rate,)), marks
    return None


def levels(y: Values) -> int:
    """How many of 256 levels occur."""
    steps = np.round(255 * y).astype(np.uint8)
    return int(np.count_nonzero(np.bincount(steps.ravel(), minlength=256)))


def suspects(
    y: Values, extreme: Marks, near: Around, gap: Values, beyond: Marks
) -> tuple[Scatter, float]:
    """The extreme values where they would show, and how many others per each are in the gap."""
    few = float(extreme.mean()) < FEW
    area, between = np.empty(y.shape, bool), 0
    for one in np.ndindex(y.shape[2:]):  # channel by channel: of large pictures less is held
        at = (..., *one)
        area[at] = (near.share[at] >= LEAST_AROUND) & (gap[at] > GAP)
        area[at] &= gap[at] > STEEP * near.deviation[at]
        if few:
            beside = box(extreme[at].astype(np.float32)[..., None], 3)[..., 0]
            area[at] &= beside - extreme[at] / 9 < 0.5 / 9
        far = np.abs(y[at] - near.mean[at]) > NEAR * gap[at]
        between += int((area[at] & beyond[at] & ~extreme[at] & far).sum())
    marks = scatter(extreme, area)
    return marks, float(between) / max(1, marks.count)


def lost(y: Values, extremes: tuple[Marks, ...], near: Around, rates: tuple[float, ...]) -> Marks:
    """Which extreme values are impulses: all but those of black or white areas and of noise.

    extremes, rates: of black and of white, or of one of them. An extreme value is one of the
    noise's where the noise reaches it from what is around more often than impulses do.
    """
    told = near.share >= LEAST_AROUND
    noise = max(float(np.quantile(near.deviation[told], FLATTEST)), LEAST_NOISE)
    whole = alike(extremes)
    mask = np.zeros(y.shape, bool)
    for extreme, rate in zip(extremes, rates, strict=True):
        density = box(extreme.astype(np.float32), DENSE_WINDOW)
        most = binomial_quantile(DENSE, DENSE_WINDOW**2, rate) / DENSE_WINDOW**2
        by_noise = normal_log_above(np.abs(y - near.mean) / noise)
        if whole:
            extreme = np.logical_and.reduce(extreme, 2, keepdims=True)
            told = np.logical_or.reduce(told, 2, keepdims=True)
            density, by_noise = density.min(2, keepdims=True), by_noise.sum(2, keepdims=True)
        mask |= extreme & (density <= most) & ~(told & (by_noise > np.log(rate)))
    return mask


def alike(extremes: tuple[Marks, ...]) -> bool:
    """Whether impulses hit all channels of a pixel together."""
    together = sum(int(extreme.all(2).sum()) for extreme in extremes)
    apart = sum(int(extreme.sum()) for extreme in extremes)
    return bool(together * extremes[0].shape[2] > WHOLE * apart)
