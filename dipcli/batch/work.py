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
from dipcli.batch.outputs import Outputs, written
from dipcli.batch.preparing import (
    arrays_of,
    cropped,
    reference_of,
    settings_of,
    taken,
    task_of,
    tell_changes,
)
from dipcli.batch.remixing import controlled, kept, tell_protected
from dipcli.batch.request import Job, Request
from dipcli.batch.results import (
    FROM_FOLDER,
    assembled,
    filled,
    identity,
    record_of,
    sides_of,
    tell_doubt,
    write_result,
)
from dipcli.batch.resuming import checkpoint_of
from dipcli.batch.uptodate import State, as_made, may_replace, standing_in_the_way, state_of
from dipcli.errors import DeviceError, DipError, MemoryLimitError, ModelError, UsageError
from dipcli.observers import Curve, Frames, Interrupt, Meter, Reading, Reference
from dipcli.pictures import Picture, is_null, name_of, read
from dipcli.system.naming import printable

if TYPE_CHECKING:
    from dipcli.stream.step import Runtime, Step


@dataclass
class Watch:
    """Who is told of what while a picture is made, and who may end it."""

    interrupt: Interrupt = field(default_factory=Interrupt)
    report: Callable[[Reading], None] | None = None
    note: Callable[[str], None] = lambda text: None


def work(job: Job, request: Request, watch: Watch) -> Outcome:
    """Make one picture unless it is there already. Raises DeviceError and ModelError alone."""
    try:
        return _unless_made(job, request, watch)
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


def standing(job: Job, request: Request) -> Outcome | None:
    """The outcome of a job that needs no work: up to date, or refused; None if it needs some."""
    state, record = state_of(job, request)
    if state is State.CURRENT:
        measured = _against_reference(job, request)
        return _outcome(job, Status.UP_TO_DATE, record={**record, **measured})
    if request.overwrite or may_replace(state, job, record, request):
        return None
    return _refused(job, standing_in_the_way(job, record, request))


def _refused(job: Job, message: str) -> Outcome:
    return _outcome(job, Status.REFUSED, message, exit_code=UsageError.exit_code)


def _against_reference(job: Job, request: Request) -> dict[str, object]:
    """PSNR and SSIM of a result that is there already."""
    if job.reference is None or job.output is None:
        return {}
    return _measured(job, request, read(job.output, max_pixels=None))


def _measured(job: Job, request: Request, picture: Picture) -> dict[str, object]:
    """PSNR and SSIM of a result, if there is something to measure it by."""
    found = _reference(job, request, picture.pixels.shape[:2])
    return {} if found is None else dict(found.measure(picture.pixels))


def _reference(job: Job, request: Request, size: tuple[int, int]) -> Reference | None:
    """The ground truth of a result of (H, W), if there is one."""
    return reference_of(job.reference, request, size) if job.reference else None


def _unless_made(job: Job, request: Request, watch: Watch) -> Outcome:
    if job.output is not None and is_null(job.output):
        return _make(taken(job, request), request, watch, None, Outputs(job))
    made = standing(job, request)
    if made is not None:
        return made
    for path in written(job):
        path.parent.mkdir(parents=True, exist_ok=True)
    if job.output is None:
        return _as_seen(job, request, watch, None)
    with claims.claim(job.output) as claim:
        if claim is None:
            who = claims.owner(job.output)
            return _outcome(job, Status.ELSEWHERE, f"{job.output} is being made by {who}")
        return _as_seen(job, request, watch, claim)


def _as_seen(job: Job, request: Request, watch: Watch, claim: claims.Claim | None) -> Outcome:
    """Look at what stands there, judge it, and make the picture for these very places."""
    outputs = Outputs(job)
    made = standing(job, request)  # another process may have made it just now
    if made is not None:
        return made
    strange = outputs.strange()
    if strange is not None:
        why = "came or was changed since this run began, and is left as it is"
        return _refused(job, f"{name_of(strange)} {why}")
    return _make(taken(job, request), request, watch, claim, outputs)


def _make(
    job: Job, request: Request, watch: Watch, claim: claims.Claim | None, outputs: Outputs
) -> Outcome:
    """Read and write; what lies between is only done again if the output does not hold it."""
    from dipcli.api import runtime_for

    runtime = runtime_for(request.device, request.seed)
    picture = cropped(read(job.source, max_pixels=request.max_pixels), request.crop)
    tell_protected(job, request, watch.note)
    found = kept(job, request, picture, str(runtime.device))
    if found is not None:
        return _mixed(job, request, picture, *found, watch, outputs)
    return _restored(job, request, picture, runtime, watch, claim, outputs)


def _restored(
    job: Job,
    request: Request,
    picture: Picture,
    runtime: "Runtime",
    watch: Watch,
    claim: claims.Claim | None,
    outputs: Outputs,
) -> Outcome:
    """Restore, write; the output first, so that what lies beside it is known as ours."""
    from dipcli.api import restore

    arrays = arrays_of(job, request, picture, watch.note)
    task = task_of(request, picture, arrays)
    settings = settings_of(task, job, request, watch.note)
    reference = _reference(job, request, task.output_shape[:2])
    checkpoint = checkpoint_of(job, request, settings, runtime, watch.interrupt, watch.note)
    runtime = replace(runtime, resume=checkpoint.resume) if checkpoint else runtime
    curve = Curve(reference) if job.curve else None
    frames = Frames(request.gif_every) if job.gif else None
    meter = Meter(watch.report, reference) if watch.report else None
    for side in (one for one in (curve, frames) if one):
        runtime.resume.register(type(side).__name__, side)
    watching = (curve, frames, meter, _keeping(claim), checkpoint, watch.interrupt)
    observers = [one for one in watching if one]
    tell_changes(job, picture, watch.note)
    result = restore(task, settings, runtime, observers)
    if result.partial and not request.keep_partial:
        raise KeyboardInterrupt
    image = controlled(job, request, picture, result.image)
    restored = assembled(picture, image, filled(request, arrays))
    tell_doubt(job, result, watch.note)
    sides = sides_of(job, result, curve, frames, watch.note)
    record = record_of(job, request, result, str(runtime.device), sides)
    outputs.give_way(record)
    write_result(job, request, restored, record, outputs, sides)
    if checkpoint and not result.partial:
        checkpoint.remove()
    measured = reference.measure(restored.pixels) if reference else {}
    timed = {"seconds": round(result.seconds, 3), **measured}
    return _made(job, outputs, finite({**record, **timed}), watch)


def _made(job: Job, outputs: Outputs, record: dict[str, object], watch: Watch) -> Outcome:
    """The outcome of a picture that was written: in its place, or kept beside it."""
    told = outputs.told()
    if record["partial"]:
        for text in told:
            watch.note(f"{job.name}: {text}")
        place = job.output and outputs.kept.get(job.output, job.output)
        return _outcome(replace(job, output=place), Status.PARTIAL, record=record)
    if not told:
        return _outcome(job, Status.DONE, record=record)
    where = {str(path): str(place) for path, place in outputs.kept.items()}
    message = f"{job.name}: {'; '.join(told)}"
    return _outcome(job, Status.FAILED, message, exit_code=1, record={**record, "kept": where})


def _keeping(claim: claims.Claim | None) -> Callable[["Step"], None] | None:
    """An observer that keeps a claim fresh; None without one."""
    return None if claim is None else lambda step: claim.refresh()


def _mixed(
    job: Job,
    request: Request,
    picture: Picture,
    full: NDArray[np.float32],
    record: dict[str, object],
    watch: Watch,
    outputs: Outputs,
) -> Outcome:
    """Write what the controls make of a restoration that the output holds, with its record."""
    began = perf_counter()
    tell_changes(job, picture, watch.note)
    restored = assembled(picture, controlled(job, request, picture, full), None)
    record = {key: value for key, value in record.items() if key != FROM_FOLDER}
    record = finite({**record, **identity(job, as_made(request, record))})
    write_result(job, request, restored, record, outputs)
    measured = _measured(job, request, restored)
    timed = {"seconds": round(perf_counter() - began, 3), **measured}
    told = {"reused": f"{job.output} held the restoration; only the controls were applied"}
    return _made(job, outputs, finite({**record, **timed, **told}), watch)
