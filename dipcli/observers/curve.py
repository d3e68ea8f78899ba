"""Loss (and PSNR) per step, as numbers or as a plot."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dipcli.errors import UsageError

if TYPE_CHECKING:
    from dipcli.observers.reference import Reference
    from dipcli.stream.step import Step

_SUFFIXES = (".csv", ".json", ".png", ".svg")


def check_curve_suffix(path: Path) -> None:
    """Raise UsageError if no curve of this suffix is written."""
    if path.suffix.lower() not in _SUFFIXES:
        raise UsageError(f"--curve {path}: choose .csv, .json, .png or .svg")


@dataclass(frozen=True)
class Row:
    """One step of a curve. step counts over the whole restoration; psnr in dB."""

    step: int
    run: int
    stage: str
    loss: float | None
    psnr: float | None = None


class Curve:
    """Remembers every step, as numbers."""

    def __init__(self, reference: Reference | None = None) -> None:
        """reference: where to take the PSNR from, if it is known."""
        self._reference = reference
        self._steps: list[tuple[int, int, str, float, float | None]] = []
        self._targets: list[str] = []  # stages whose runs are alike, and make a band together

    def __call__(self, step: Step) -> None:
        """Remember the step."""
        psnr = self._reference.psnr(step) if self._reference is not None else None
        stage = str(step.notes.get("target", step.stage))
        if "target" in step.notes and stage not in self._targets:
            self._targets.append(stage)
        self._steps.append((step.index, step.run, stage, float(step.loss), psnr))

    def state_dict(self) -> dict[str, Any]:
        """Every step so far."""
        return {"steps": list(self._steps), "targets": list(self._targets)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from the steps of an earlier process."""
        self._steps, self._targets = state["steps"], state["targets"]

    def rows(self) -> list[Row]:
        """The steps; a loss that is not finite is None."""
        return [
            Row(i, run, stage, loss if math.isfinite(loss) else None, psnr)
            for i, run, stage, loss, psnr in self._steps
        ]

    def encode(self, suffix: str) -> bytes:
        """The curve as a file of this suffix: .csv, .json, .png or .svg."""
        return encode_rows(self.rows(), suffix, frozenset(self._targets))


def encode_rows(rows: list[Row], suffix: str, targets: frozenset[str] = frozenset()) -> bytes:
    """Rows as a file of this suffix: .csv, .json, .png or .svg; targets: see `_plot`."""
    if suffix.lower() == ".csv":
        return _csv(rows)
    if suffix.lower() == ".json":
        return (json.dumps([asdict(row) for row in rows], indent=0) + "\n").encode()
    return _plot(rows, suffix.lower().lstrip("."), targets)


def _csv(rows: list[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["step", "run", "stage", "loss", "psnr"])
    writer.writerows(
        [
            (row.step, row.run, row.stage, *("" if v is None else f"{v:.9g}" for v in values))
            for row in rows
            for values in [(row.loss, row.psnr)]
        ]
    )
    return text.getvalue().encode()


def _lines(rows: list[Row], targets: frozenset[str]) -> Iterator[tuple[str, list[list[Row]]]]:
    """A line each: its name, and the runs that it is of.

    The runs of a target make one line together; of any other stage each has its own, named by its
    number where there are several.
    """
    runs = [list(some) for _, some in groupby(rows, key=lambda row: (row.stage, row.run))]
    for target in dict.fromkeys(row.stage for row in rows if row.stage in targets):
        yield target, [run for run in runs if run[0].stage == target]
    for run in runs:
        stage, several = run[0].stage, {row.run for row in rows if row.stage == run[0].stage}
        if stage not in targets:
            yield (f"{stage}, run {run[0].run + 1}" if len(several) > 1 else stage), [run]


def _draw(axis: Any, name: str, runs: list[list[float | None]]) -> None:
    """A line over the steps of the longest run: their mean, in a band from least to most."""
    import numpy as np

    longest = max(map(len, runs))
    values = np.full((len(runs), longest), math.nan)
    for row, run in zip(values, runs, strict=True):
        row[: len(run)] = [_or_nan(value) for value in run]
    known = np.isfinite(values).sum(0)
    mean = np.where(known > 0, np.nansum(values, 0) / np.maximum(known, 1), math.nan)
    steps = range(1, longest + 1)
    (line,) = axis.plot(steps, mean, label=name, linewidth=1.2)
    if len(runs) > 1:
        low, high = np.fmin.reduce(values), np.fmax.reduce(values)
        axis.fill_between(steps, low, high, alpha=0.2, color=line.get_color(), linewidth=0)


def _plot(rows: list[Row], format: str, targets: frozenset[str]) -> bytes:
    """Loss over steps on logarithmic axes, each run from its own first step; PSNR below it."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with_psnr = any(row.psnr is not None for row in rows)
    figure = Figure(figsize=(7, 7 if with_psnr else 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(2 if with_psnr else 1, squeeze=False)[:, 0]
    for name, runs in _lines(rows, targets):
        _draw(axes[0], name, [[row.loss for row in run] for run in runs])
        if with_psnr:
            _draw(axes[1], name, [[row.psnr for row in run] for run in runs])
    axes[0].set(ylabel="loss", xscale="log")
    if any(row.loss is not None and row.loss > 0 for row in rows):
        axes[0].set_yscale("log")
    if with_psnr:
        axes[1].set(ylabel="PSNR (dB)", xscale="log")
    axes[-1].set_xlabel("step")
    for axis in axes:
        _finish(axis)
    buffer = io.BytesIO()
    undated = {"Date": None} if format == "svg" else None
    with rc_context({"svg.hashsalt": "dip"}):  # the same steps give the same bytes
        figure.savefig(buffer, format=format, dpi=120, metadata=undated)
    return buffer.getvalue()


def _finish(axis: Any) -> None:
    axis.grid(visible=True, which="both", alpha=0.25)
    if axis.get_lines():
        axis.legend()


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value
