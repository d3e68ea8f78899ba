"""The files of a sweep beside its results: checked before the first step, written at its end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dipcli.batch.outcome import Outcome
from dipcli.batch.request import contents
from dipcli.batch.sweep import Grid
from dipcli.batch.sweep_plot import plot
from dipcli.batch.sweep_sheet import sheet
from dipcli.batch.sweep_table import Row, as_csv, as_json, curves_csv, rows_of
from dipcli.errors import OutputError
from dipcli.pictures import Seen, check_writes_file, look, name_of, publish, publish_beside

TABLE = "table.json"  # which knows the others by their bytes
NAMES = (TABLE, "table.csv", "sheet.png", "curves.csv", "curves.png", "curves.svg")
SHOWN = {"all results": "sheet.png", "all curves": "curves.svg"}  # on the page of a report


@dataclass(frozen=True)
class Before:
    """What an earlier run left. files: name -> sha256 of what is ours; seconds by fingerprint."""

    files: Mapping[str, frozenset[str]] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)

    def owns(self, path: Path) -> bool:
        """Whether a file is not there, or was written by a sweep and is as it was."""
        if not path.exists():
            return True
        if path.name == TABLE:
            return bool(self.files)
        return path.is_file() and contents(path) in self.files.get(path.name, ())


def before(folder: Path) -> Before:
    """What the table of an earlier run tells; nothing where there is none, or not ours."""
    try:
        table = json.loads((folder / TABLE).read_text("utf-8"))
        if table["software"] != "dip" or "sweep" not in table:
            return Before()
        files: dict[str, frozenset[str]] = {TABLE: frozenset()}
        for name in NAMES:
            known = (table[when].get(name) for when in ("files", "replaced"))
            files[name] = frozenset(one for one in known if isinstance(one, str))
        took = {row["fingerprint"]: row["seconds"] for row in table["rows"] if "seconds" in row}
        return Before(files, {str(key): float(value) for key, value in took.items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Before()  # not ours, so nothing of it may be replaced


class Summary:
    """Table, sheet and curves of a sweep: nothing of the user's is lost by them."""

    def __init__(self, grid: Grid, *, overwrite: bool) -> None:
        """Raises OutputError where a file is in the way that no sweep has written."""
        self._grid = grid
        self._overwrite = overwrite
        self._seen = {name: look(grid.folder / name) for name in NAMES}
        found = before(grid.folder)
        read = {(one.stat().st_dev, one.stat().st_ino): one for one in _read(grid) if one.is_file()}
        for name in NAMES:
            path = grid.folder / name
            check_writes_file(path)
            if path.is_file() and (path.stat().st_dev, path.stat().st_ino) in read:
                raise OutputError(
                    f"{name_of(path)} is a file that this sweep reads; choose another -o"
                )
            if not overwrite and not found.owns(path):
                raise OutputError(
                    f"{name_of(path)} exists and was not made by a sweep; --overwrite replaces it"
                )

    def write(self, outcomes: Iterable[Outcome], note: Callable[[str], None]) -> dict[str, Path]:
        """Write them for what there is; nothing where nothing was made. Raises WriteError.

        Returns the pictures among them by what they show.
        """
        earlier = before(self._grid.folder)
        rows = rows_of(self._grid, outcomes, earlier.seconds)
        if not any(row.made for row in rows):
            return {}
        files = self._encoded(rows)
        places: dict[str, Path] = {}
        marks = {name: contents(data) for name, data in files.items()}
        replaced = {name: self._mark(name) for name in files}
        table = as_json(self._grid, rows, {"files": marks, "replaced": replaced})
        for name, data in {TABLE: table, **files}.items():
            places[name] = place = self._put(self._grid.folder / name, data, earlier)
            if place.name != name:
                note(f"{name_of(self._grid.folder / name)} is not ours; kept as {place.name}")
        table_name = name_of(self._grid.folder / "table.csv")
        note(f"{table_name}, sheet.png and curves.png tell of {len(rows)} results")
        return {what: places[name] for what, name in SHOWN.items()}

    def _mark(self, name: str) -> str | None:
        path = self._grid.folder / name
        return contents(path) if path.is_file() else None

    def _encoded(self, rows: list[Row]) -> dict[str, bytes]:
        """The bytes of all but the table that knows them."""
        plots = plot(rows, ("png", "svg"))
        return {
            "table.csv": as_csv(self._grid, rows),
            "sheet.png": sheet(rows, self._across()),
            "curves.csv": curves_csv(self._grid, rows),
            "curves.png": plots["png"],
            "curves.svg": plots["svg"],
        }

    def _across(self) -> int | None:
        """Where several fields are varied, a row of the sheet for each value but of the last."""
        if len(self._grid.fields) < 2:
            return None
        return len({cell.values[self._grid.fields[-1]] for cell in self._grid.cells})

    def _put(self, path: Path, data: bytes, earlier: Before) -> Path:
        """Where it was written: in its place, or beside a file that came or was changed since."""
        seen = look(path)
        asked = self._overwrite and seen == self._seen[path.name]
        place: Seen | None = None
        if earlier.owns(path) or asked:
            place = publish(seen, data)
        return (place or publish_beside(path, data)).path


def _read(grid: Grid) -> Iterator[Path]:
    """Every file that the sweep reads."""
    for job in grid.plan.jobs:
        for one in (job.source, job.reference, *job.companions.values()):
            if isinstance(one, Path):
                yield one
