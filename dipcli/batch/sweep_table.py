"""The table of a sweep: a row for each result, and the means over pictures of each cell."""

from __future__ import annotations

import csv
import io
import json
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean

from dipcli.batch.outcome import Outcome, Status, finite
from dipcli.batch.request import Job
from dipcli.batch.sweep import Entry, Grid
from dipcli.tasks.companions import ALPHA

_MADE = (Status.DONE, Status.UP_TO_DATE, Status.PARTIAL)
_FIGURES = ("psnr", "ssim", "psnr_best", "step_best", "final_loss", "stopped_at", "seconds")


@dataclass(frozen=True, kw_only=True)
class Point:
    """One step of a curve; step: from 1, of its run; psnr in dB."""

    stage: str
    run: int
    step: int
    loss: float | None
    psnr: float | None


@dataclass(frozen=True, kw_only=True)
class Row:
    """One result, or of one that failed what is known. curve: () where there is none."""

    entry: Entry
    status: str
    output: str | None = None
    figures: Mapping[str, object] = field(default_factory=dict)
    curve: Sequence[Point] = ()

    @property
    def made(self) -> bool:
        """Whether there is a picture."""
        return self.status in _MADE

    def figure(self, name: str) -> float | None:
        """A figure as a number; None where it is not known."""
        value = self.figures.get(name)
        return float(value) if isinstance(value, int | float) else None


def rows_of(grid: Grid, outcomes: Iterable[Outcome], before: Mapping[str, float]) -> list[Row]:
    """The rows in the order of the pictures, and of the cells for each.

    before: seconds that results took which an earlier run made, by fingerprint.
    """
    ended = {one.name: one for one in outcomes}
    found = [
        _row(entry, ended[name], before) for name, entry in grid.entries.items() if name in ended
    ]
    pictures = list(dict.fromkeys(row.entry.picture for row in found))
    return sorted(found, key=lambda row: pictures.index(row.entry.picture))


def _row(entry: Entry, outcome: Outcome, before: Mapping[str, float]) -> Row:
    record = outcome.record
    if outcome.status not in _MADE or entry.job is None:
        return Row(entry=entry, status=str(outcome.status), figures={"error": outcome.message})
    curve = tuple(points_of(entry.job.curve)) if entry.job.curve else ()
    print_of = str(record.get("fingerprint"))
    figures: dict[str, object] = {
        "psnr": record.get("psnr"),
        "ssim": record.get("ssim"),
        **_best(curve),
        **_last_losses(curve),
        "stopped_at": record.get("stopped_at"),
        "seconds": record.get("seconds", before.get(print_of)),
        "fingerprint": print_of,
        "command": command_of(entry.job, str(record.get("command"))),
    }
    return Row(
        entry=entry,
        status=str(outcome.status),
        output=outcome.output,
        figures={name: value for name, value in figures.items() if value is not None},
        curve=curve,
    )


def _best(curve: Sequence[Point]) -> dict[str, object]:
    """The highest PSNR on the way, and where; steps count over the whole restoration."""
    known = [
        (point.psnr, number) for number, point in enumerate(curve, 1) if point.psnr is not None
    ]
    if not known:
        return {}
    psnr, step = max(known)
    return {"psnr_best": psnr, "step_best": step}


def _last_losses(curve: Sequence[Point]) -> dict[str, object]:
    """The last loss, and where there are several stages or targets that of each."""
    last = {point.stage: point.loss for point in curve}
    apart = {f"final_loss_{stage}": loss for stage, loss in last.items()} if len(last) > 1 else {}
    return {"final_loss": curve[-1].loss, **apart} if curve else {}


def points_of(path: Path) -> Iterator[Point]:
    """The steps of a curve as it lies beside a result; none where it is gone."""
    if not path.is_file():
        return
    began: dict[tuple[str, str], int] = {}
    for line in csv.DictReader(io.StringIO(path.read_text("utf-8"))):
        first = began.setdefault((line["stage"], line["run"]), int(line["step"]))
        yield Point(
            stage=line["stage"],
            run=int(line["run"]),
            step=int(line["step"]) - first + 1,
            loss=float(line["loss"]) if line["loss"] else None,
            psnr=float(line["psnr"]) if line["psnr"] else None,
        )


def command_of(job: Job, command: str) -> str:
    """The line that makes the result again: that of its record with its files in it."""
    dip, task, *rest = shlex.split(command)
    source = str(job.source) if isinstance(job.source, Path) else "-"
    files = [source, "-o", str(job.output)]
    for name, one in job.companions.items():
        if isinstance(one, Path) and str(one) != ALPHA:
            files += [f"--{name}", str(one)]
    return shlex.join([dip, task, *files, *rest])


def means_of(grid: Grid, rows: Sequence[Row]) -> list[dict[str, object]]:
    """For each cell the means over its pictures, of the figures that all of these have."""
    found: list[dict[str, object]] = []
    for cell in grid.cells:
        ours = [row for row in rows if row.made and row.entry.cell is cell]
        if not ours:
            continue
        names = [*_FIGURES, *_stages(ours)]
        columns = {name: [row.figure(name) for row in ours] for name in names}
        means = {
            n: fmean(v for v in c if v is not None) for n, c in columns.items() if None not in c
        }
        found.append({"vary": dict(cell.values), "pictures": len(ours), **means})
    return found


def _stages(rows: Sequence[Row]) -> list[str]:
    """The figures that there are for each stage."""
    names = (name for row in rows for name in row.figures if name.startswith("final_loss_"))
    return list(dict.fromkeys(names))


def as_csv(grid: Grid, rows: Sequence[Row]) -> bytes:
    """The table with a line for each result, then one of the means for each cell."""
    figures = [*_FIGURES, *_stages(rows)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["picture", *grid.fields, "status", *figures, "output", "command"])
    for row in rows:
        shown = [_shown(row.figures.get(name)) for name in figures]
        values = list(row.entry.cell.values.values())
        command = row.figures.get("command", "")
        writer.writerow([row.entry.picture, *values, row.status, *shown, row.output or "", command])
    for mean in _of_several(grid, rows):
        values = _values(mean)
        shown = [_shown(mean.get(name)) for name in figures]
        writer.writerow([f"mean of {mean['pictures']}", *values, "mean", *shown, "", ""])
    return text.getvalue().encode()


def _values(mean: Mapping[str, object]) -> list[str]:
    vary = mean["vary"]
    return [str(one) for one in vary.values()] if isinstance(vary, Mapping) else []


def _of_several(grid: Grid, rows: Sequence[Row]) -> list[dict[str, object]]:
    return means_of(grid, rows) if len({row.entry.picture for row in rows}) > 1 else []


def _shown(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def as_json(grid: Grid, rows: Sequence[Row], more: Mapping[str, object]) -> bytes:
    """The same as an object, with what `more` there is to tell."""
    task = grid.cells[0].request.task
    whole = {
        "software": "dip",
        "sweep": task,
        "fields": grid.fields,
        "rows": [
            {
                "picture": row.entry.picture,
                "vary": dict(row.entry.cell.values),
                "status": row.status,
                "output": row.output,
                **row.figures,
            }
            for row in rows
        ],
        "means": means_of(grid, rows),
        **more,
    }
    return (json.dumps(finite(whole), indent=1, allow_nan=False) + "\n").encode()


def curves_csv(grid: Grid, rows: Sequence[Row]) -> bytes:
    """Every step of every result in one table."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["picture", *grid.fields, "stage", "run", "step", "loss", "psnr"])
    for row in rows:
        head = [row.entry.picture, *row.entry.cell.values.values()]
        for at in row.curve:
            writer.writerow([*head, at.stage, at.run, at.step, _shown(at.loss), _shown(at.psnr)])
    return text.getvalue().encode()
