"""The checkpoint of a single picture: where it may lie, and what it belongs to."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import dipcli
from dipcli.batch.names import check_writable
from dipcli.batch.request import Job, Request, made_from
from dipcli.errors import OutputError, UsageError
from dipcli.observers import Checkpoint, Interrupt
from dipcli.pictures import check_writes_file, is_null, name_of
from dipcli.stages import unused

if TYPE_CHECKING:
    from dipcli.settings import Settings
    from dipcli.stream.step import Runtime


def check_checkpoint(path: Path, jobs: list[Job], *, several: bool) -> None:
    """Raise UsageError or OutputError unless one run alone may keep its state in `path`."""
    if several:
        raise UsageError("--checkpoint is for one picture; give one INPUT")
    if is_null(path):
        return
    name = name_of(path)
    check_writes_file(path)
    if path.is_dir():
        raise OutputError(f"{name} is a folder; name a file")
    for job in jobs:
        for other in (job.source, *job.companions.values(), job.reference, job.output, *job.sides):
            if isinstance(other, Path) and other.resolve() == path.resolve():
                raise OutputError(f"--checkpoint {name} would replace it; name another file")
    check_writable(path.parent)


def checkpoint_of(
    job: Job,
    request: Request,
    settings: "Settings",
    runtime: "Runtime",
    interrupt: Interrupt,
    note: Callable[[str], None],
) -> Checkpoint | None:
    """The checkpoint of this job if one was asked for; raises OutputError, CheckpointError."""
    if request.checkpoint is None or is_null(request.checkpoint):
        return None
    request.checkpoint.parent.mkdir(parents=True, exist_ok=True)
    facts = _facts(job, request, settings, runtime)
    return Checkpoint(
        request.checkpoint, facts, replace=request.overwrite, interrupt=interrupt, note=note
    )


def _facts(job: Job, request: Request, settings: "Settings", runtime: "Runtime") -> dict[str, str]:
    """All that decides the steps of a run, under the names that a message uses."""
    import torch

    request = request.without(unused(settings.to_dict()))
    deciding = request.without_controls().companions
    left = {name: one for name, one in job.companions.items() if name in deciding}
    identity = {**request.identity(), "seed": None, "quality": None, "resolved": settings.to_dict()}
    return {
        **made_from(replace(job, companions=left)),
        "settings": json.dumps(identity, sort_keys=True),
        "seed": str(request.seed),
        "device": f"{runtime.device} {runtime.amp}",
        "version": f"dip {dipcli.__version__}, torch {torch.__version__}",
    }
