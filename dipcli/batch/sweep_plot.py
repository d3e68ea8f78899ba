"""The curves of a sweep in one plot: a colour for each cell, a line for each run."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from dipcli.batch.sweep_table import Point, Row

_NAMED = 24  # cells that the legend names; of more it would hide the curves
_STYLES = ("-", "--", ":", "-.")


def plot(rows: Sequence[Row], formats: Sequence[str]) -> dict[str, bytes]:
    """The plot in each of the formats ("png", "svg"): loss over steps, PSNR below if known."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullFormatter, StrMethodFormatter

    with_psnr = any(point.psnr is not None for row in rows for point in row.curve)
    figure = Figure(figsize=(9, 8 if with_psnr else 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(2 if with_psnr else 1, squeeze=False)[:, 0]
    _draw(axes, rows)
    axes[0].set(ylabel="loss", xscale="log")
    if any(point.loss for row in rows for point in row.curve):
        axes[0].set_yscale("log")
    if with_psnr:
        axes[1].set(ylabel="PSNR (dB)", xscale="log")
    axes[-1].set_xlabel("step of its run")
    for axis in (*(one.xaxis for one in axes), *(one.yaxis for one in axes)):
        axis.set_major_formatter(StrMethodFormatter("{x:g}"))  # powers as formulas take seconds
        axis.set_minor_formatter(NullFormatter())
    found = {}
    with rc_context({"svg.hashsalt": "dip"}):  # the same steps give the same bytes
        for format in formats:
            buffer = io.BytesIO()
            undated = {"Date": None} if format == "svg" else None
            figure.savefig(buffer, format=format, dpi=120, metadata=undated)
            found[format] = buffer.getvalue()
    return found


def _draw(axes: Any, rows: Sequence[Row]) -> None:
    """A colour for each cell, a style for each stage."""
    from matplotlib import colormaps

    cells = list(dict.fromkeys(row.entry.cell.label for row in rows))
    stages = list(dict.fromkeys(point.stage for row in rows for point in row.curve))
    few = len(cells) <= 10
    colours = colormaps["tab10" if few else "viridis"]
    named: set[str] = set()
    for row in rows:
        label = row.entry.cell.label
        at = cells.index(label)
        for stage, some in _lines(row.curve):
            name = f"{label}, {stage}" if len(stages) > 1 else label
            drawn: dict[str, Any] = {
                "color": colours(at if few else at / (len(cells) - 1)),
                "linestyle": _STYLES[stages.index(stage) % len(_STYLES)],
                "label": None if name in named else name,
                "linewidth": 1.2,
            }
            named.add(name)
            steps = [point.step for point in some]
            axes[0].plot(steps, [_or_nan(point.loss) for point in some], **drawn)
            if len(axes) > 1:
                axes[1].plot(steps, [_or_nan(point.psnr) for point in some], **drawn)
    for axis in axes:
        axis.grid(visible=True, which="both", alpha=0.25)
        if axis.get_lines() and len(named) <= _NAMED:
            axis.legend(fontsize="small")


def _lines(curve: Sequence[Point]) -> Iterator[tuple[str, list[Point]]]:
    for (stage, _), some in groupby(curve, key=lambda point: (point.stage, point.run)):
        yield stage, list(some)


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value
