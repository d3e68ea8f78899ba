"""The page of a run: each picture as it comes to its end, then all of them in one file."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from dipcli.batch.outcome import Outcome
from dipcli.batch.plan import Plan
from dipcli.batch.request import Job, Request
from dipcli.pictures import publish, publish_beside
from dipcli.report import page
from dipcli.report.page import entry
from dipcli.system.placing import Seen, look

BESIDE = "_files"  # the folder of a gallery's pictures: page.html has page_files


class Report:
    """What the page will hold. Pictures of a gallery are written at once, and not kept."""

    def __init__(self, path: Path, plan: Plan, request: Request) -> None:
        """path: of the page; its place is looked at now, and replaced only if it stays as it is."""
        self._path, self._several, self._request = path, plan.several, request
        self._seen: Seen = look(path)
        self._jobs = {job.name: (number, job) for number, job in enumerate(plan.jobs)}
        self._sweeps = any(job.request is not None for job in plan.jobs)
        self._entries: list[tuple[int, dict[str, Any]]] = []

    def add(self, outcome: Outcome) -> None:
        """One more picture came to its end."""
        number, job = self._jobs.get(outcome.name, (-1, None))
        keep = None
        if self._several:

            def keep(name: str, data: bytes) -> str:
                return self._kept(f"{number + 1}-{name}", data)

        shown = entry(
            outcome.to_json(),
            outcome.view,
            "" if job is None else command_of(job, job.request or self._request, outcome),
            self._links(outcome, job),
            keep,
        )
        self._entries.append((number, shown))

    def write(self, sheets: Mapping[str, Path] | None = None) -> Path:
        """Write the page; returns where it is. Raises WriteError.

        sheets: pictures of all results together, by what they show, which lie in files.
        """
        home = self._path.absolute().parent
        above = {what: address(home, path) for what, path in (sheets or {}).items()}
        ordered = [shown for _, shown in sorted(self._entries, key=lambda pair: pair[0])]
        count = len(ordered)
        things = "results" if self._sweeps else "pictures"
        title = f"{count} {things}" if self._several else str(ordered[0]["name"])
        command = f"sweep {self._request.task}" if self._sweeps else self._request.task
        named = f"dip {command}: {title}"
        data = page(named, ordered, gallery=self._several, sheets=above)
        return (publish(self._seen, data) or publish_beside(self._path, data)).path

    def _kept(self, name: str, data: bytes) -> str:
        """Write a picture beside the page; returns its path from there."""
        folder = self._path.with_name(self._path.stem + BESIDE)
        path = folder / name
        place = publish(look(path), data) or publish_beside(path, data)
        return f"{folder.name}/{place.path.name}"

    def _links(self, outcome: Outcome, job: Job | None) -> Mapping[str, str]:
        """The addresses of the files of a picture from the page."""
        if job is None:
            return {}
        named = {"the input": job.source, "the result": outcome.output, **job.side_files}
        home = self._path.absolute().parent
        paths = {what: Path(one) for what, one in named.items() if isinstance(one, str | Path)}
        found = {what: one for what, one in paths.items() if str(one) != "-" and one.is_file()}
        return {what: address(home, one) for what, one in found.items()}


def address(home: Path, path: Path) -> str:
    """Of a file, as a link of a page in the folder `home` has it; its name may be no text."""
    try:
        found = Path(os.path.relpath(path.absolute(), home))
    except ValueError:  # on another drive of Windows
        return path.absolute().as_uri()
    return quote(os.fsencode(found.as_posix()))


def command_of(job: Job, request: Request, outcome: Outcome) -> str:
    """The command line that makes this result again, its files named."""
    words = shlex.split(request.command())
    source = str(job.source) if isinstance(job.source, Path) else "-"
    given = {name: one for name, one in job.companions.items() if isinstance(one, Path)}
    beside = [(f"--{name}", str(path)) for name, path in given.items()]
    output = outcome.output or "-"
    return shlex.join(
        [*words[:2], source, *(w for pair in beside for w in pair), *words[2:], "-o", output]
    )
