"""Curves as a small SVG in the colours of the page, light or dark: loss and PSNR over steps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 640, 260
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 12, 34  # pixels around the plot
MOST = 160  # points of a line; more cannot be told apart
COLOURS = 6  # of lines, which the style sheet names


@dataclass(frozen=True)
class Line:
    """One curve: its name and its points, (step from 1, value)."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Axis:
    """Where a value lies: from low to high, on a logarithmic scale or not."""

    low: float
    high: float
    start: float  # pixels
    end: float
    log: bool

    @classmethod
    def of(cls, values: Sequence[float], start: float, end: float, *, log: bool) -> Axis:
        """The axis that holds all values; of one value a little around it."""
        low, high = min(values), max(values)
        if high <= low:
            margin = 0.1 * abs(low) or 1.0
            low, high = (low / 2, low * 2) if log else (low - margin, high + margin)
        return cls(low, high, start, end, log)

    def at(self, value: float) -> float:
        """Its place in pixels."""
        low, high, value = (
            (math.log10(v) for v in (self.low, self.high, value))
            if self.log
            else (self.low, self.high, value)
        )
        return self.start + (value - low) / (high - low) * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Some round values on it."""
        if self.log:
            first, last = math.ceil(math.log10(self.low)), math.floor(math.log10(self.high))
            whole = [10.0**n for n in range(first, last + 1)]
            return whole[:: max(1, len(whole) // 5)] if len(whole) > 1 else [self.low, self.high]
        step = _round_step((self.high - self.low) / 4)
        first, last = math.ceil(self.low / step), math.floor(self.high / step)
        return [n * step for n in range(first, last + 1)]


def chart(lines: Sequence[Line], label: str, *, log: bool) -> str:
    """Lines over steps, steps on a logarithmic axis; "" where there is nothing to draw.

    log: whether the values are on one, too; those of zero and below are then left out.
    """
    kept = [Line(one.name, _usable(one.points, log)) for one in lines]
    kept = [one for one in kept if len(one.points) > 1]
    if not kept:
        return ""
    xs = [x for one in kept for x, _ in one.points]
    ys = [y for one in kept for _, y in one.points]
    across = Axis.of(xs, LEFT, WIDTH - RIGHT, log=True)
    up = Axis.of(ys, HEIGHT - BOTTOM, TOP, log=log)
    names = ", ".join(one.name for one in kept)
    return "".join(
        (
            f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
            f'aria-label="{escape(label)} over steps: {escape(names)}">',
            *_grid(across, up, label),
            *(_drawn(one, n, across, up) for n, one in enumerate(kept)),
            *_legend(kept),
            "</svg>",
        )
    )


def _usable(points: Sequence[tuple[float, float]], log: bool) -> list[tuple[float, float]]:
    """What can be drawn, thinned out evenly over the logarithm of the steps."""
    good = [(x, y) for x, y in points if math.isfinite(y) and x > 0 and (y > 0 or not log)]
    if len(good) <= MOST:
        return good
    span = math.log(good[-1][0] / good[0][0])
    places = {round(MOST * math.log(x / good[0][0]) / span): (x, y) for x, y in good}
    return list(places.values())


def _drawn(line: Line, number: int, across: Axis, up: Axis) -> str:
    path = " ".join(f"{across.at(x):.1f},{up.at(y):.1f}" for x, y in line.points)
    return f'<polyline class="line c{number % COLOURS}" points="{path}"/>'


def _grid(across: Axis, up: Axis, label: str) -> list[str]:
    parts = []
    for value in up.ticks():
        y = up.at(value)
        parts.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:.3g}</text>')
    for value in across.ticks():
        x = across.at(value)
        parts.append(f'<path class="grid" d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}"/>')
        y = HEIGHT - BOTTOM + 16
        parts.append(f'<text x="{x:.1f}" y="{y}" text-anchor="middle">{value:.4g}</text>')
    parts.append(f'<text x="{LEFT}" y="{HEIGHT - 4}">{escape(label)} over steps</text>')
    return parts


def _legend(lines: Sequence[Line]) -> list[str]:
    if len(lines) < 2:
        return []
    parts = []
    for n, one in enumerate(lines[:COLOURS]):
        y = TOP + 14 + 16 * n
        parts.append(f'<path class="line c{n}" d="M{WIDTH - 150} {y - 4}h18"/>')
        parts.append(f'<text x="{WIDTH - 126}" y="{y}">{escape(one.name)}</text>')
    return parts


def _round_step(step: float) -> float:
    """The next of 1, 2, 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(power * n for n in (1, 2, 5, 10) if power * n >= step)
