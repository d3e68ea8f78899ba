"""Whether marked values lie scattered like impulses: each place hit or not by itself.

Impulses fall on any place of a picture with the same probability. What a picture has of its own
(highlights, letters, screens, stars, clipped shadows) hangs together, keeps a distance or
follows what is around. So three things are asked of marks within an area where each would show:

    rate         marks over places
    dispersion   the variance of the counts in tiles over that of a binomial: 1 for impulses,
                 more for what clusters, less for what keeps a distance (a screen, a lattice)
    correlation  between a mark and another one up to two pixels away: 0 for impulses
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TILE = 16  # pixels
LEAST_PLACES = 32  # of a tile, that its count may tell anything
LAGS = ((0, 1), (1, 0), (1, 1), (1, -1), (0, 2), (2, 0))
DISPERSION = 0.6, 1.4  # impulses on 13 pictures: 0.8 to 1.3; clean or noisy ones: from 1.5 on
CORRELATION = 0.05  # impulses on 13 pictures: 0.02; clean or noisy ones: up to 1
DEVIATIONS = 3.0  # of chance, granted besides

Marks = NDArray[np.bool_]


@dataclass(frozen=True)
class Scatter:
    """Of marks in an area: how many, on how many places, and what chance would make of them."""

    count: int
    places: int
    dispersion: float
    tiles: int
    correlation: float

    @property
    def rate(self) -> float:
        """Marks over places."""
        return self.count / max(1, self.places)

    @property
    def by_chance(self) -> bool:
        """Whether each place seems to be hit or not by itself."""
        if self.tiles < 2:
            return False
        low, high = DISPERSION
        slack = DEVIATIONS * math.sqrt(2 / self.tiles)
        spread = max(0.3, low - slack) <= self.dispersion <= high + slack
        return spread and self.correlation <= CORRELATION + DEVIATIONS / math.sqrt(self.places)

    def facts(self) -> dict[str, float]:
        """As plain JSON."""
        return {
            "count": self.count,
            "rate": round(self.rate, 6),
            "dispersion": round(self.dispersion, 3),
            "correlation": round(self.correlation, 3),
        }


def scatter(marks: Marks, area: Marks) -> Scatter:
    """Of the marks within the area, (H, W, C) bool each; channels count as one more of the same."""
    marks = marks & area
    count, places = int(marks.sum()), int(area.sum())
    rate = count / max(1, places)
    if not 0 < rate < 1:
        return Scatter(count, places, 0.0, 0, 0.0)
    counts, of = tiled(marks), tiled(area)
    told = of >= LEAST_PLACES
    variance = rate * (1 - rate)
    apart = np.square(counts - rate * of)[told].sum()
    dispersion = float(apart / max(variance * float(of[told].sum()), 1e-9))
    largest = max(abs(joint(marks, area, lag) - rate**2) / variance for lag in LAGS)
    return Scatter(count, places, dispersion, int(told.sum()) // marks.shape[2], largest)


def tiled(marks: Marks) -> NDArray[np.float64]:
    """Counts in tiles of 16 x 16, (H // 16, W // 16, C)."""
    up, left = marks.shape[0] // TILE, marks.shape[1] // TILE
    whole = marks[: up * TILE, : left * TILE].reshape(up, TILE, left, TILE, -1)
    counts: NDArray[np.float64] = whole.sum((1, 3)).astype(np.float64)
    return counts


def joint(marks: Marks, area: Marks, lag: tuple[int, int]) -> float:
    """How many of the pairs of places at that distance are both marked; 0 where there are none."""
    down, right = lag
    height, width = marks.shape[:2]
    one = slice(0, height - down), slice(max(0, -right), width - max(0, right))
    other = slice(down, height), slice(max(0, right), width - max(0, -right))
    pairs = int((area[one] & area[other]).sum())
    both = int((marks[one] & marks[other]).sum())
    return both / pairs if pairs else 0.0
