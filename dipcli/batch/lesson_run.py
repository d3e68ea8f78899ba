"""`dip learn` carried out: what stands there already, the run, and the files that it leaves."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import dipcli
from dipcli.batch.learning import (
    Examples,
    Lesson,
    check_places,
    examples,
    fingerprint,
    making,
    scenes_of,
)
from dipcli.batch.outcome import Outcome, Status, finite
from dipcli.errors import OutputError, PictureError
from dipcli.observers import Checkpoint, Interrupt, Reading, check_curve_suffix
from dipcli.pictures import Seen, look, name_of, publish, publish_beside

if TYPE_CHECKING:
    from dipcli.learning.training import Progress, Training
    from dipcli.stream.step import Runtime

CALLED = 3  # pictures of which the first line of a run tells the names


@dataclass
class Watching:
    """Who is told of what while a model is learnt, and who may end it."""

    interrupt: Interrupt = field(default_factory=Interrupt)
    report: Callable[[Reading], None] | None = None
    note: Callable[[str], None] = lambda text: None


def learn(asked: Lesson, watching: Watching) -> Outcome:
    """Learn and write, unless the model is there already. Raises a DipError for what is wrong."""
    if asked.curve is not None:
        check_curve_suffix(asked.curve)
    found = examples(asked)
    check_places(asked, found)
    made = fingerprint(asked, found)
    seen = {path: look(path) for path in (asked.output, asked.curve) if path is not None}
    facts = _standing(asked, made)
    if facts is not None:
        return _outcome(asked, Status.UP_TO_DATE, facts)
    return _carried_out(asked, found, made, seen, watching)


def _standing(asked: Lesson, made: str) -> dict[str, Any] | None:
    """The facts of the model that stands there if it is this very one; None: there is room.

    Raises OutputError for what may not be replaced.
    """
    for path in (asked.output, asked.curve):
        if path is None or not path.exists() or asked.overwrite:
            continue
        facts = _facts(asked.output) if asked.output.exists() else {}
        same = facts.get("fingerprint") == made
        if path == asked.output and not same:
            what = (
                "learnt from other pictures or with other settings" if facts else "something else"
            )
            raise OutputError(f"{path} exists and is {what}; --overwrite replaces it")
        if path == asked.curve and not same:
            raise OutputError(f"{path} exists; --overwrite replaces it")
    facts = _facts(asked.output) if asked.output.exists() else {}
    whole = facts.get("fingerprint") == made and not facts.get("partial")
    drawn = asked.curve is None or asked.curve.exists()
    return facts if whole and drawn else None


def _facts(path: Path) -> dict[str, Any]:
    """Of the model at `path`; {} for a file that is none, or damaged."""
    from dipcli.learning.model import Model

    try:
        return dict(Model.decode(path.read_bytes()).facts)
    except PictureError:
        return {}


def _carried_out(
    asked: Lesson, found: Examples, made: str, seen: dict[Path, Seen], watching: Watching
) -> Outcome:
    """The run from its beginning or its checkpoint to its files."""
    from dipcli.api import runtime_for
    from dipcli.learning.lesson import learnt, lesson

    began = perf_counter()
    runtime = runtime_for(asked.device, asked.seed)
    training = lesson(
        scenes_of(found.learnt, found.channels, asked),
        scenes_of(found.validation, found.channels, asked),
        asked.options,
        asked.settings,
        runtime,
    )
    checkpoint = _checkpoint(asked, made, runtime, watching)
    resume = checkpoint.resume if checkpoint else runtime.resume
    resume.register("learn", training)
    partial = _made(training, checkpoint, asked, watching, str(runtime.device))
    facts = {"fingerprint": made, "made_from": dict(found.contents), "asked": making(asked)}
    facts |= {"device": str(runtime.device), "version": dipcli.__version__}
    model = learnt(training, asked.options, **facts)
    places = [_put(seen[asked.output], model.encode(), watching)]
    if asked.curve is not None:
        places.append(_put(seen[asked.curve], _curve(training, asked.curve), watching))
    if checkpoint and not partial:
        checkpoint.remove()
    seconds = resume.seconds + perf_counter() - began
    record = {**model.facts, "seconds": round(seconds, 3), "stopped_at": training.step}
    status = Status.PARTIAL if partial else Status.DONE
    return _outcome(asked, status, record, places[0])


def _checkpoint(
    asked: Lesson, made: str, runtime: Runtime, watching: Watching
) -> Checkpoint | None:
    """The checkpoint of this run if one was asked for; OutputError, CheckpointError."""
    import torch

    if asked.checkpoint is None:
        return None
    belongs = {
        "input": made,
        "settings": json.dumps(making(asked), sort_keys=True),
        "seed": str(asked.seed),
        "device": f"{runtime.device} {runtime.amp}",
        "version": f"dip {dipcli.__version__}, torch {torch.__version__}",
    }
    asked.checkpoint.parent.mkdir(parents=True, exist_ok=True)
    return Checkpoint(
        asked.checkpoint,
        belongs,
        replace=asked.overwrite,
        interrupt=watching.interrupt,
        note=watching.note,
    )


def _made(
    training: Training,
    checkpoint: Checkpoint | None,
    asked: Lesson,
    watching: Watching,
    device: str,
) -> bool:
    """Make the steps; returns whether they were interrupted."""
    began = False
    try:
        for progress in training.steps():
            began = True
            _tell(progress, asked, watching, device)
            if checkpoint:
                checkpoint(progress)
            watching.interrupt(progress)
    except KeyboardInterrupt:
        if not began:
            raise
        return training.done < 1
    return False


def _tell(progress: Progress, asked: Lesson, watching: Watching, device: str) -> None:
    if progress.psnr is not None:
        loss = "" if math.isnan(progress.loss) else f"loss {progress.loss:.5f}  "
        epoch = f"epoch {progress.epoch} of {asked.settings.epochs}"
        watching.note(f"{epoch}  {loss}PSNR {progress.psnr:.2f} dB")
    if watching.report is not None and progress.step:
        watching.report(
            Reading(
                done=progress.step,
                total=progress.total,
                stage=f"epoch {progress.epoch}",
                run=0,
                loss=progress.loss,
                psnr=progress.psnr,
                device=device,
            )
        )


def _curve(training: Training, path: Path) -> bytes:
    """Loss and PSNR at the end of each epoch, and before the first."""
    from dipcli.observers.curve import Row, encode_rows

    rows = [
        Row(step, 0, "learn", loss if math.isfinite(loss) else None, psnr)
        for _, step, loss, psnr in training.rows
    ]
    return encode_rows(rows, path.suffix)


def _put(seen: Seen, data: bytes, watching: Watching) -> Path:
    """Write to the place that was looked at; beside it if something else stands there now."""
    placed = publish(seen, data)
    if placed is None:
        placed = publish_beside(seen.path, data)
        watching.note(
            f"{name_of(seen.path)} came or was changed meanwhile and is left as it is; "
            f"what was made is in {name_of(placed.path)}"
        )
    return placed.path


def _outcome(
    asked: Lesson, status: Status, record: dict[str, Any], place: Path | None = None
) -> Outcome:
    both = [asked.noisy] if asked.target is None else [asked.noisy, asked.target]
    name = " ".join(str(one) for one in both)
    return Outcome(
        status=status, name=name, output=str(place or asked.output), record=finite(record)
    )
