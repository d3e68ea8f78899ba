"""One job from its file to its result; whatever goes wrong becomes an outcome."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dipcli.batch import claims
from dipcli.batch.crop import Crop
from dipcli.batch.outcome import Outcome, Status, finite
from dipcli.batch.request import ALPHA, Job, Request
from dipcli.batch.results import assembled, record_of, tell_doubt, write_result, write_sides
from dipcli.batch.resuming import checkpoint_of
from dipcli.batch.uptodate import State, may_replace, state_of
from dipcli.errors import DeviceError, DipError, MaskError, MemoryLimitError
from dipcli.observers import Curve, Frames, Interrupt, Meter, Reading, Reference
from dipcli.pictures import (
    Picture,
    fill_transparent,
    lost,
    mask_from_alpha,
    mask_warning,
    read,
    read_mask,
)

if TYPE_CHECKING:
    from dipcli.prior.step import Step
    from dipcli.tasks import Task


@dataclass
class Watch:
    """Who is told of what while a picture is made, and who may end it."""

    interrupt: Interrupt = field(default_factory=Interrupt)
    report: Callable[[Reading], None] | None = None
    note: Callable[[str], None] = lambda text: None


def work(job: Job, request: Request, watch: Watch) -> Outcome:
    """Make one picture unless it is there already. Raises DeviceError alone."""
    try:
        return _unless_made(job, request, watch)
    except DeviceError:
        raise  # the same for every picture
    except KeyboardInterrupt:
        return _outcome(job, Status.INTERRUPTED, f"{job.name}: interrupted, nothing was written")
    except DipError as error:
        return _failed(job, str(error), error.exit_code)
    except MemoryError:
        message = f"{job.name}: out of memory; try a part of it with --crop"
        return _failed(job, message, MemoryLimitError.exit_code)
    except OSError as error:
        return _failed(job, f"{job.name}: {error.strerror or error}", 1)
    except Exception as error:  # noqa: BLE001 - one picture must not stop ten thousand
        return _failed(job, f"{job.name}: internal error: {type(error).__name__}: {error}", 1)


def _outcome(job: Job, status: Status, message: str = "", **more: Any) -> Outcome:
    output = "-" if job.output is None else str(job.output)
    return Outcome(status=status, name=job.name, output=output, message=message, **more)


def _failed(job: Job, message: str, code: int) -> Outcome:
    """The outcome of the exception that is being handled."""
    named = message if job.name in message else f"{job.name}: {message}"
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
    there = next((p for p in (job.output, *job.sides) if p is not None and p.exists()), job.output)
    why = "with other settings or from another input" if record else "by something else"
    how = "exists" if state is State.MISSING else f"exists and was made {why}"
    return _outcome(job, Status.REFUSED, f"{there} {how}; --overwrite replaces it", exit_code=2)


def _against_reference(job: Job, request: Request) -> dict[str, object]:
    """PSNR and SSIM of a result that is there already."""
    if job.reference is None or job.output is None:
        return {}
    result = read(job.output, max_pixels=None)
    return dict(_reference(job.reference, request).measure(result.pixels))


def _unless_made(job: Job, request: Request, watch: Watch) -> Outcome:
    if job.output is None:
        return _make(job, request, watch, None)
    made = standing(job, request)
    if made is not None:
        return made
    for path in (job.output, *job.sides):
        path.parent.mkdir(parents=True, exist_ok=True)
    with claims.claim(job.output) as claim:
        if claim is None:
            who = claims.owner(job.output)
            return _outcome(job, Status.ELSEWHERE, f"{job.output} is being made by {who}")
        made = standing(job, request)  # another process may have made it just now
        return made if made is not None else _make(job, request, watch, claim)


def _make(job: Job, request: Request, watch: Watch, claim: claims.Claim | None) -> Outcome:
    """Read, restore, write; the output first, so that what lies beside it is known as ours."""
    from dipcli.restore import restore, runtime_for

    runtime = runtime_for(request.device, request.seed)
    picture = _cropped(read(job.source, max_pixels=request.max_pixels), request.crop)
    hole = _hole(job, request, picture, watch)
    task = _task(request, picture, hole)
    settings = task.settings(request.preset, **request.overrides)
    reference = _reference(job.reference, request) if job.reference else None
    checkpoint = checkpoint_of(job, request, settings, runtime, watch.interrupt, watch.note)
    runtime = replace(runtime, memory=checkpoint.memory) if checkpoint else runtime
    curve = Curve(reference) if job.curve else None
    frames = Frames(request.gif_every) if job.gif else None
    meter = Meter(watch.report, reference) if watch.report else None

    def keep_claim(step: "Step") -> None:
        if claim is not None:
            claim.refresh()

    for kept in (one for one in (curve, frames) if one):
        runtime.memory.keep(type(kept).__name__, kept)
    watching = (curve, frames, meter, keep_claim, checkpoint, watch.interrupt)
    observers = [one for one in watching if one]
    _tell_changes(job, picture, watch)
    result = restore(task, settings, runtime, observers)
    for text in result.gave_up:
        watch.note(f"{job.name}: {text}")
    if result.partial and not request.keep_partial:
        raise KeyboardInterrupt
    restored = assembled(picture, result.image, hole if request.mask == ALPHA else None)
    tell_doubt(job, result, watch.note)
    record = record_of(job, request, result, str(runtime.device))
    write_result(job, request, restored, record)
    write_sides(job, result, curve, frames, watch.note)
    if checkpoint and not result.partial:
        checkpoint.remove()
    measured = reference.measure(restored.pixels) if reference else {}
    timed = {"seconds": round(result.seconds, 3), **measured}
    status = Status.PARTIAL if result.partial else Status.DONE
    return _outcome(job, status, record=finite({**record, **timed}))


def _tell_changes(job: Job, picture: Picture, watch: Watch) -> None:
    """What reading changed, and what the format of the result cannot hold."""
    gone = lost(picture, job.format)
    said = (job.note,) if job.note else ()
    lacks = (f"{job.format} cannot keep its {what}" for what in gone)
    for text in (*said, *picture.meta.notes, *lacks):
        watch.note(f"{job.name}: {text}")


def _cropped(picture: Picture, crop: Crop | None) -> Picture:
    if crop is None:
        return picture
    alpha = picture.alpha
    return replace(
        picture,
        pixels=_window(picture.pixels, crop),
        alpha=None if alpha is None else _window(alpha, crop),
    )


def _window(values: NDArray[Any], crop: Crop) -> NDArray[Any]:
    return np.ascontiguousarray(values[crop.y : crop.y + crop.height, crop.x : crop.x + crop.width])


def _hole(job: Job, request: Request, picture: Picture, watch: Watch) -> NDArray[np.bool_] | None:
    """What is to be filled, (H, W) bool; a warning if it looks turned round."""
    if request.mask is None:
        return None
    if request.mask == ALPHA:
        hole = mask_from_alpha(picture, request.invert_mask)
    else:
        assert job.mask is not None  # the plan paired it
        size = (job.header.width, job.header.height)
        hole = read_mask(job.mask, size, request.invert_mask, picture_name=job.name)
        if request.crop:
            hole = _window(hole, request.crop)
            if not hole.any() or hole.all():
                what = "everything" if hole.any() else "nothing"
                raise MaskError(f"{job.mask} covers {what} of the part {request.crop}")
    warning = mask_warning(hole)
    if warning:
        watch.note(f"{job.name}: {warning}")
    return hole


def _task(request: Request, picture: Picture, hole: NDArray[np.bool_] | None) -> "Task":
    """The task by its name; each one is a function of `dipcli.tasks`."""
    from dipcli import tasks

    if hole is not None:
        return tasks.inpaint(picture.pixels, hole)
    make = getattr(tasks, request.task)
    pixels = picture.pixels
    if picture.alpha is not None:
        pixels = fill_transparent(pixels, picture.alpha)
    task: Task = make(pixels, **request.options)
    return task


def _reference(path: Path, request: Request) -> Reference:
    """The ground truth; of a crop its part, of an enlarged crop the enlarged part."""
    crop, scale = request.crop, request.scale
    if crop is not None:
        crop = Crop(crop.width * scale, crop.height * scale, crop.x * scale, crop.y * scale)
    return Reference(_cropped(read(path, max_pixels=request.max_pixels), crop).pixels)
