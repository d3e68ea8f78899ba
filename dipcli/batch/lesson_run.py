"""`dip learn` carried out: the claim on its model, the run, and the files that it leaves."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import dipcli
from dipcli.batch import claims
from dipcli.batch.learning import Lesson, making
from dipcli.batch.lesson_plan import LessonPlan, plan_lesson, standing
from dipcli.batch.outcome import Outcome, Status
from dipcli.batch.run import PATIENCE, POLL
from dipcli.errors import DipError
from dipcli.observers import Checkpoint, Interrupt, Reading
from dipcli.pictures import Seen, look, name_of, publish, publish_beside, remove_litter

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
    plan = plan_lesson(asked)
    done = standing(plan)
    if done is not None:
        return done
    folder = asked.output.parent
    folder.mkdir(parents=True, exist_ok=True)
    remove_litter(folder)
    claims.remove_stale(folder)
    until = time.monotonic() + PATIENCE
    while True:
        with claims.claim(asked.output) as claim:
            if claim is not None:
                return _claimed(plan, claim, watching)
        if watching.interrupt.came:
            raise KeyboardInterrupt
        if time.monotonic() > until:
            raise DipError(f"{asked.output} is being made by {claims.owner(asked.output)}")
        time.sleep(POLL)


def _claimed(plan: LessonPlan, claim: claims.Claim, watching: Watching) -> Outcome:
    """Look at what stands there by now, and learn."""
    asked = plan.asked
    seen = {path: look(path) for path in (asked.output, asked.curve) if path is not None}
    done = standing(plan)  # another process may have made it just now
    return done if done is not None else _carried_out(plan, seen, claim, watching)


def _carried_out(
    plan: LessonPlan, seen: dict[Path, Seen], claim: claims.Claim, watching: Watching
) -> Outcome:
    """The run from its beginning or its checkpoint to its files."""
    from dipcli.api import runtime_for
    from dipcli.learning.lesson import learnt

    asked, began = plan.asked, time.perf_counter()
    runtime = runtime_for(asked.device, asked.seed)
    training = plan.training(runtime)
    checkpoint = _checkpoint(asked, plan.made, runtime, watching)
    resume = checkpoint.resume if checkpoint else runtime.resume
    resume.register("learn", training)
    each: list[Callable[[Progress], None]] = [lambda progress: claim.refresh()]
    each += [checkpoint] if checkpoint else []
    partial = _made(training, each, asked, watching, str(runtime.device))
    facts = {"fingerprint": plan.made, "made_from": dict(plan.found.contents)}
    facts |= {"asked": making(asked)}
    facts |= {"device": str(runtime.device), "version": dipcli.__version__}
    model = learnt(training, asked.options, **facts)
    places = [_put(seen[asked.output], model.encode(), watching)]
    if asked.curve is not None:
        places.append(_put(seen[asked.curve], _curve(training, asked.curve), watching))
    if checkpoint and not partial:
        checkpoint.remove()
    seconds = resume.seconds + time.perf_counter() - began
    record = {**model.facts, "seconds": round(seconds, 3), "stopped_at": training.step}
    status = Status.PARTIAL if partial else Status.DONE
    return plan.outcome(status, record, places[0])


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
    observers: Sequence[Callable[[Progress], None]],
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
            for observe in observers:
                observe(progress)
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
