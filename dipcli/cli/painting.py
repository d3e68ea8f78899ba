"""A mask that is painted in the browser, and what is made with it."""

from __future__ import annotations

import tempfile
import webbrowser
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from dipcli.batch.plan import Places, make_plan
from dipcli.batch.request import Job, Request
from dipcli.cli.render import Console, result_line
from dipcli.errors import OutputError, UsageError
from dipcli.pictures import name_of
from dipcli.tasks import Task

PAINT = "paint"  # the word that stands for a mask to be painted
_OTHERS = ("gif", "curve", "uncertainty", "report", "checkpoint", "cluster", "shard", "crop")


def painted_companion(task: type[Task[Any, Any]], values: Mapping[str, Any]) -> str | None:
    """The mask that is to be painted, by its name; None if none is. Raises UsageError."""
    masks = [one for one in task.companions if one.paintable and values[one.name] == PAINT]
    if not masks:
        return None
    name = masks[0].name
    taken = [f"--{other}" for other in _OTHERS if values.get(other) is not None]
    taken += ["--jobs"] if values["jobs"] != 1 else []
    taken += ["--dry-run"] if values["dry_run"] else []
    taken += [f"--{one.inverted_by.replace('_', '-')}" for one in masks if _turned(one, values)]
    if taken:
        raise UsageError(f"--{name} {PAINT} cannot be used with {', '.join(taken)}")
    inputs, output = values["inputs"], values["output"]
    if len(inputs) != 1 or inputs[0] == "-" or Path(inputs[0]).is_dir() or output == "-":
        raise UsageError(f"--{name} {PAINT} is for one picture in a file, and a result in one")
    return name


def _turned(one: Any, values: Mapping[str, Any]) -> bool:
    return bool(one.inverted_by and values.get(one.inverted_by))


def paint(name: str, places: Places, request: Request, console: Console, *, browser: bool) -> int:
    """Serve the page until it is closed; returns the exit code: 130 if nothing was saved."""
    from dipcli.observers import Interrupt
    from dipcli.painting import Server, Session
    from dipcli.system import waiting

    waiting.asleep()
    with tempfile.TemporaryDirectory(prefix="dip-") as folder:
        mask = Path(folder) / "mask.png"
        _write_blank(mask, Path(places.inputs[0]), request.max_pixels)
        request = _with_mask(request, name, mask)
        plan = make_plan(places, request)
        if plan.failed:
            console.errors(plan.failed)
            return plan.failed[0].exit_code
        _check_free(plan.jobs[0], request)
        with Interrupt() as interrupt:
            session = Session(plan.jobs[0], request, name, Path(folder), interrupt)
            with Server(session) as server:
                console.error(f"paint at {server.address} (Ctrl-C or closing the page ends)")
                if browser:
                    webbrowser.open(server.address)
                server.serve(lambda: interrupt.came)
        outcome = session.outcome
        if outcome is None:
            console.error("nothing was saved")
            return interrupt.exit_code or 130
        console.json(outcome.to_json())
        console.line(result_line(outcome))
        console.say(f"the mask is in {session.state.saved[1]}")
        return outcome.exit_code


def _check_free(job: Job, request: Request) -> None:
    """Raise OutputError if there is a file in the place of the result that may not be replaced."""
    output = job.output
    if output is not None and output.exists() and not request.overwrite:
        raise OutputError(f"{name_of(output)} exists; --overwrite replaces it")


def _with_mask(request: Request, name: str, mask: Path) -> Request:
    return replace(request, companions={**request.companions, name: mask})


def _write_blank(mask: Path, picture: Path, max_pixels: int) -> None:
    """A mask of the picture's size for the plan to look at, before anything is painted."""
    from PIL import Image

    from dipcli.batch.find import check_exists
    from dipcli.pictures import probe

    check_exists(picture)
    header = probe(picture, max_pixels=max_pixels)
    Image.new("L", (header.width, header.height)).save(mask)
