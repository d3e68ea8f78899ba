"""A grid of settings: each cell a request of its own, whose results are named from its values.

A cell is what the task's command would make with these settings, so it is up to date, or made
again, like a picture of a folder.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from dipcli.batch.find import check_exists
from dipcli.batch.outcome import Outcome
from dipcli.batch.plan import Places, Plan, make_plan
from dipcli.batch.reporter import Reporter
from dipcli.batch.request import Job, Request
from dipcli.errors import OutputError, UsageError
from dipcli.observers import Reading

CURVES = "curves"  # the folder of the curves, one of each result
_SUFFIX = "{suffix}"  # the end of a name's template: the values go before it
_INSIDE = "{stem}{suffix}"
_LONGEST = 120  # characters of the values within a name; of more the rest is a digest


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One point of the grid. values: field -> value, as typed; request: with these values."""

    values: Mapping[str, str]
    request: Request

    @property
    def label(self) -> str:
        """The values for a message."""
        return ", ".join(f"{name}={value}" for name, value in self.values.items())

    @property
    def slug(self) -> str:
        """The values as a part of a file name, the same on every system."""
        text = "_".join(f"{name}={value}" for name, value in self.values.items())
        plain = re.sub(r"[^\w.=+-]", "-", text)
        if plain == text and len(text) <= _LONGEST:
            return text
        digest = hashlib.sha256(text.encode()).hexdigest()[:8]
        return f"{plain[:_LONGEST]}-{digest}" if len(plain) > _LONGEST else plain


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One result that the sweep is to have: a picture in a cell. job: None if it cannot be done."""

    picture: str
    cell: Cell
    job: Job | None = None


@dataclass
class Grid:
    """All cells over all pictures. entries: by the name that jobs and outcomes have."""

    folder: Path
    cells: Sequence[Cell]
    plan: Plan = field(default_factory=lambda: Plan(several=True))
    entries: dict[str, Entry] = field(default_factory=dict)

    @property
    def fields(self) -> list[str]:
        """What is varied."""
        return list(self.cells[0].values)

    def described(self, outcome: Outcome) -> Outcome:
        """The outcome with its picture and values, for the JSON line."""
        entry = self.entries.get(outcome.name)
        if entry is None:
            return outcome
        facts = {"input": entry.picture, "vary": dict(entry.cell.values)}
        return replace(outcome, record={**facts, **outcome.record})


def plan_grid(cells: Sequence[Cell], places: Places) -> Grid:
    """Every cell planned over every picture, everything checked that can be before a step.

    places.output: the folder of the sweep. Raises UsageError, OutputError, NoPictureError.
    """
    folder = _folder(places)
    _check_apart(cells)
    grid = Grid(folder, cells)
    for cell in cells:
        name = _named(places.name or _INSIDE, cell)
        request = _beside(cell, folder, name)
        plan = make_plan(replace(places, output=f"{folder}/", name=name), request)
        for job in plan.jobs:
            own = replace(job, name=_called(job.name, cell), several=True, request=request)
            grid.plan.jobs.append(own)
            grid.entries[own.name] = Entry(picture=job.name, cell=cell, job=own)
        for outcome in plan.failed:
            called = _called(outcome.name, cell)
            grid.plan.failed.append(replace(outcome, name=called))
            grid.entries[called] = Entry(picture=outcome.name, cell=cell)
    return grid


def _called(picture: str, cell: Cell) -> str:
    return f"{picture} [{cell.label}]"


def _folder(places: Places) -> Path:
    """Where the sweep goes: no file, and no folder that the pictures come from."""
    if places.output is None or places.output == "-":
        raise UsageError("a sweep needs -o FOLDER for its results and its table")
    folder = Path(places.output)
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{places.output} is a file, but a sweep needs a folder")
    for name in places.inputs:
        if name == "-":
            continue
        check_exists(Path(name))
        if Path(name).is_dir() and Path(name).resolve() == folder.resolve():
            raise OutputError(f"{name} is the folder of the inputs; choose another -o")
    return folder


def _check_apart(cells: Sequence[Cell]) -> None:
    """No two cells may have one name."""
    names: dict[str, Cell] = {}
    for cell in cells:
        other = names.setdefault(cell.slug.lower(), cell)
        if other is not cell:
            raise UsageError(f"{cell.label} and {other.label} would have one name; leave one out")


def _named(template: str, cell: Cell) -> str:
    """The template of a result's name with the values in it."""
    if not template.endswith(_SUFFIX):
        raise UsageError(f"--name {template}: in a sweep a name ends with {_SUFFIX}")
    return f"{template.removesuffix(_SUFFIX)}_{cell.slug}{_SUFFIX}"


def _beside(cell: Cell, folder: Path, name: str) -> Request:
    """The request with a curve for each result, and other files named from the values, too."""
    request = cell.request
    below = str(folder / CURVES).replace("{", "{{").replace("}", "}}")
    return replace(
        request,
        gif=_apart(request.gif, cell),
        uncertainty=_apart(request.uncertainty, cell),
        curve=f"{below}/{{parent}}/{name.removesuffix(_SUFFIX)}.csv",
    )


def _apart(template: str | None, cell: Cell) -> str | None:
    if template is None:
        return None
    path = Path(template)
    return str(path.with_name(f"{path.stem}_{cell.slug}{path.suffix}"))


class Describing:
    """A reporter that tells of each outcome which cell it is of."""

    def __init__(self, reporter: Reporter, grid: Grid) -> None:
        """reporter: who tells the user."""
        self._reporter = reporter
        self._grid = grid

    def begin(self, total: int) -> None:
        """So many results are to come."""
        self._reporter.begin(total)

    def start(self, name: str) -> None:
        """This one is at hand."""
        self._reporter.start(name)

    def leave(self, name: str) -> None:
        """It is at hand no longer, without an end."""
        self._reporter.leave(name)

    def step(self, reading: Reading) -> None:
        """So far it is."""
        self._reporter.step(reading)

    def note(self, text: str) -> None:
        """A line worth knowing."""
        self._reporter.note(text)

    def finish(self, outcome: Outcome) -> None:
        """It came to its end."""
        self._reporter.finish(self._grid.described(outcome))
