"""What a run reads is never what it writes, not even through a link or with --overwrite."""

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from dipcli.batch.outputs import output_files
from dipcli.batch.request import Job, Request
from dipcli.errors import OutputError
from dipcli.pictures import check_writes_file, look, name_of
from dipcli.report import is_ours
from dipcli.tasks.companions import ALPHA

# Device and inode of each file that is read -> how it was named, and what it is.
_Files = dict[tuple[int, int], tuple[str, str]]


def with_inputs_protected(
    jobs: Iterable[Job], request: Request, inputs: Iterable[Path], settings: Iterable[Path]
) -> list[Job]:
    """The jobs with what stands in the places of their outputs.

    inputs: all of the run, also those that cannot be restored; settings: files that were read
    for the request. Raises OutputError for an output that is one of the files that are read.
    """
    jobs = list(jobs)
    files: _Files = {}
    _add(files, ((path, "an input") for path in inputs))
    _add(files, ((path, "the settings file") for path in settings))
    _add(files, _companions(jobs, request))
    _add_stdin(files, jobs)
    checkpoint = request.checkpoint
    if checkpoint is not None:
        _refuse(checkpoint, files, "name another file")
        _add(files, [(checkpoint, "the checkpoint")])
    if request.report is not None:
        _refuse(request.report, files, "name another file")
        _add(files, [(request.report, "the report")])
    for job in jobs:
        for path in output_files(job):
            _refuse(path, files, "choose another place for it")
    return [replace(job, planned=tuple(map(look, output_files(job)))) for job in jobs]


def _companions(jobs: Iterable[Job], request: Request) -> Iterator[tuple[Path, str]]:
    """The masks and references, as they were named and as they were paired."""
    named = {f"the {one.what}": request.companions[one.name] for one in request.given_companions}
    for what, path in {**named, "the reference": request.reference}.items():
        if path is not None and path != ALPHA:
            yield Path(path), what
    for job in jobs:
        paired = {
            f"the {one.what}": job.companions.get(one.name) for one in request.given_companions
        }
        for what, one in {**paired, "the reference": job.reference}.items():
            if isinstance(one, Path):
                yield one, f"{what} of {job.name}"


def _add(files: _Files, found: Iterable[tuple[Path, str]]) -> None:
    for path, what in found:
        try:
            there = path.stat()
        except OSError:  # no file, so none to protect
            continue
        files.setdefault((there.st_dev, there.st_ino), (name_of(path), what))


def _add_stdin(files: _Files, jobs: Iterable[Job]) -> None:
    """A file that standard input comes from."""
    if any(isinstance(job.source, bytes) for job in jobs):
        try:
            there = os.fstat(0)
        except OSError:  # closed
            return
        if stat.S_ISREG(there.st_mode):
            files.setdefault((there.st_dev, there.st_ino), ("standard input", "the file"))


def _refuse(path: Path, files: _Files, remedy: str) -> None:
    try:
        there = path.stat()
    except OSError:  # nothing there, or nothing that could be replaced
        return
    found = files.get((there.st_dev, there.st_ino))
    if found is not None:
        name, what = found
        alias = "" if name == name_of(path) else f"{name}, "
        reason = f"{alias}{what} that this run reads, and a result would replace it"
        raise OutputError(f"{name_of(path)} is {reason}; {remedy}")


def check_report(path: Path, *, overwrite: bool) -> None:
    """Raise OutputError if the page may not be written: it is a folder, or a file of others."""
    if path.suffix.lower() not in (".html", ".htm"):
        raise OutputError(f"--report {name_of(path)}: name a page, such as report.html")
    check_writes_file(path)
    if path.is_dir():
        raise OutputError(f"--report {name_of(path)} is a folder; name a file")
    if path.exists() and not overwrite:
        with path.open("rb") as file:
            ours = is_ours(file.read(1024))
        if not ours:
            what = "exists and is no report of dip's"
            raise OutputError(f"{name_of(path)} {what}; --overwrite replaces it")
