"""One job from its file to its result; whatever goes wrong becomes an outcome."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dipcli.batch import claims
from dipcli.batch.outcome import Outcome, Status, finite, single_code
from dipcli.batch.outputs import Outputs, folders_of
from dipcli.batch.preparing import (
    note_changes,
    picture_of,
    prepared,
    reference_of,
    with_contents,
)
from dipcli.batch.remixing import kept_restoration, mixed_in_depth, note_protection
from dipcli.batch.request import Job, Request
from dipcli.batch.results import (
    FROM_FOLDER,
    assembled,
    filled,
    note_warnings,
    record_of,
    request_facts,
    sides_of,
    write_result,
)
from dipcli.batch.resuming import checkpoint_of
from dipcli.batch.uptodate import State, may_replace, refusal, state_of, without_unused
from dipcli.batch.viewing import recorders, view_of_run, with_view
from dipcli.errors import DeviceError, DipError, MemoryLimitError, ModelError, UsageError
from dipcli.observers import Interrupt, Meter, Reading
from dipcli.pictures import Picture, is_null, name_of, read
from dipcli.system.naming import printable

if TYPE_CHECKING:
    from dipcli.report import View
    from dipcli.stream.step import Runtime


@dataclass
class Hooks:
    """What is called while a picture is made: reports, notes, and what may end it."""

    interrupt: Interrupt = field(default_factory=Interrupt)
    report: Callable[[Reading], None] | None = None
    note: Callable[[str], None] = lambda text: None


def process_job(job: Job, request: Request, hooks: Hooks) -> Outcome:
    """Make one picture unless it is there already. Raises DeviceError and ModelError alone."""
    try:
        return with_view(_claim_and_make(job, request, hooks), job, request)
    except (DeviceError, ModelError):
        raise  # the same for every picture
    except KeyboardInterrupt:
        return _outcome(job, Status.INTERRUPTED, f"{job.name}: interrupted, nothing was written")
    except DipError as error:
        return _failed(job, str(error), single_code(error.exit_code, several=job.several))
    except MemoryError:
        message = f"{job.name}: out of memory; try a part of it with --crop"
        return _failed(job, message, MemoryLimitError.exit_code)
    except OSError as error:
        where = error.filename or job.output or "standard output"
        return _failed(job, f"{where}: {error.strerror or error}", 1)
    except Exception as error:  # noqa: BLE001 - one picture must not stop ten thousand
        return _failed(job, f"{job.name}: internal error: {type(error).__name__}: {error}", 1)


def _outcome(job: Job, status: Status, message: str = "", **more: Any) -> Outcome:
    output = "-" if job.output is None else str(job.output)
    return Outcome(status=status, name=job.name, output=output, message=message, **more)


def _failed(job: Job, message: str, code: int) -> Outcome:
    """The outcome of the exception that is being handled."""
    known = printable(job.name) in printable(message)
    named = message if known else f"{job.name}: {message}"
    return _outcome(
        job, Status.FAILED, named, exit_code=code, trace=traceback.format_exc().rstrip()
    )


def existing_outcome(job: Job, request: Request) -> Outcome | None:
    """The outcome of a job that needs no work: up to date, or refused; None if it needs some."""
    state, record = state_of(job, request)
    if state is State.CURRENT:
        measured = _scores(job, request)
        return _outcome(job, Status.UP_TO_DATE, record={**record, **measured})
    if request.overwrite or may_replace(state, job, record, request):
        return None
    return _refused(job, refusal(job, record, request))


def _refused(job: Job, message: str) -> Outcome:
    return _outcome(job, Status.REFUSED, message, exit_code=UsageError.exit_code)


def _scores(job: Job, request: Request, picture: Picture | None = None) -> dict[str, object]:
    """PSNR and SSIM of a result, of the one that is there already without a `picture`."""
    if job.reference is None:
        return {}
    if picture is None:
        assert job.output is not None
        picture = read(job.output, max_pixels=None)
    found = reference_of(job.reference, request, picture.pixels.shape[:2])
    return dict(found.measure(picture.pixels))


def _claim_and_make(job: Job, request: Request, hooks: Hooks) -> Outcome:
    if job.output is not None and is_null(job.output):
        return _restore_or_remix(with_contents(job, request), request, hooks, None, Outputs(job))
    made = existing_outcome(job, request)
    if made is not None:
        return made
    with folders_of(job):
        if job.output is None:
            return _check_and_make(job, request, hooks, None)
        with claims.claim(job.output) as claim:
            if claim is None:
                who = claims.owner(job.output)
                return _outcome(job, Status.ELSEWHERE, f"{job.output} is being made by {who}")
            return _check_and_make(job, request, hooks, claim)


def _check_and_make(
    job: Job, request: Request, hooks: Hooks, claim: claims.Claim | None
) -> Outcome:
    """Look at what stands there, judge it, and make the picture for these very places."""
    outputs = Outputs(job)
    made = existing_outcome(job, request)  # another process may have made it just now
    if made is not None:
        return made
    changed = outputs.changed_since_planned()
    if changed is not None:
        why = "came or was changed since this run began, and is left as it is"
        return _refused(job, f"{name_of(changed)} {why}")
    return _restore_or_remix(with_contents(job, request), request, hooks, claim, outputs)


def _restore_or_remix(
    job: Job, request: Request, hooks: Hooks, claim: claims.Claim | None, outputs: Outputs
) -> Outcome:
    """Read and write; what lies between is only done again if the output does not hold it."""
    from dipcli.api import runtime_for

    runtime = runtime_for(request.device, request.seed)
    picture = picture_of(job, request)
    note_protection(job, request, hooks.note)
    found = kept_restoration(job, request, picture, str(runtime.device))
    if found is not None:
        return _remix(job, request, picture, *found, hooks, outputs)
    return _restore(job, request, picture, runtime, hooks, claim, outputs)


def _restore(
    job: Job,
    request: Request,
    picture: Picture,
    runtime: "Runtime",
    hooks: Hooks,
    claim: claims.Claim | None,
    outputs: Outputs,
) -> Outcome:
    """Restore, write; the output first, so that what lies beside it is known as ours."""
    from dipcli.api import restore

    ready = prepared(job, request, picture, hooks.note)
    size = ready.task.output_shape[:2]
    reference = reference_of(job.reference, request, size) if job.reference else None
    checkpoint = checkpoint_of(job, request, ready.settings, runtime, hooks.interrupt, hooks.note)
    runtime = replace(runtime, resume=checkpoint.resume) if checkpoint else runtime
    curve, frames = recorders(job, request, reference, runtime)
    meter = Meter(hooks.report, reference) if hooks.report else None
    keep = claim and (lambda step: claim.refresh())
    watching = (curve, frames, meter, keep, checkpoint, hooks.interrupt)
    observers = [one for one in watching if one]
    note_changes(job, picture, hooks.note)
    result = restore(ready.task, ready.settings, runtime, observers)
    if result.partial and not request.keep_partial:
        raise KeyboardInterrupt
    image = mixed_in_depth(job, request, picture, result.image)
    restored = assembled(picture, image, filled(request, ready.arrays))
    note_warnings(job, result, hooks.note)
    sides = sides_of(job, result, curve, frames, hooks.note)
    record = record_of(job, request, result, str(runtime.device), sides)
    outputs.set_partial_aside(record)
    write_result(job, request, restored, record, outputs, sides)
    if checkpoint and not result.partial:
        checkpoint.remove()
    measured = reference.measure(restored.pixels) if reference else {}
    timed = {"seconds": round(result.seconds, 3), **measured}
    view = view_of_run(
        request, picture, restored, ready.arrays, reference, result.spread, curve, frames
    )
    return _written_outcome(job, outputs, finite({**record, **timed}), hooks, view)


def _written_outcome(
    job: Job,
    outputs: Outputs,
    record: dict[str, object],
    hooks: Hooks,
    view: "View | None",
) -> Outcome:
    """The outcome of a picture that was written in its place, or beside it."""
    told = outputs.sentences()
    if record["partial"]:
        for text in told:
            hooks.note(f"{job.name}: {text}")
        place = job.output and outputs.kept.get(job.output, job.output)
        return _outcome(replace(job, output=place), Status.PARTIAL, record=record, view=view)
    if not told:
        return _outcome(job, Status.DONE, record=record, view=view)
    where = {str(path): str(place) for path, place in outputs.kept.items()}
    message = f"{job.name}: {'; '.join(told)}"
    kept = {**record, "kept": where}
    return _outcome(job, Status.FAILED, message, exit_code=1, record=kept, view=view)


def _remix(
    job: Job,
    request: Request,
    picture: Picture,
    full: NDArray[np.float32],
    record: dict[str, object],
    hooks: Hooks,
    outputs: Outputs,
) -> Outcome:
    """Write what the controls make of a restoration that the output holds, with its record."""
    began = perf_counter()
    note_changes(job, picture, hooks.note)
    restored = assembled(picture, mixed_in_depth(job, request, picture, full), None)
    record = {key: value for key, value in record.items() if key != FROM_FOLDER}
    record = finite({**record, **request_facts(job, without_unused(request, record))})
    write_result(job, request, restored, record, outputs)
    measured = _scores(job, request, restored)
    timed = {"seconds": round(perf_counter() - began, 3), **measured}
    told = {"reused": f"{job.output} held the restoration; only the controls were applied"}
    view = view_of_run(request, picture, restored, {})
    return _written_outcome(job, outputs, finite({**record, **timed, **told}), hooks, view)
