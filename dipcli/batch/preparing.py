"""What is made ready before a run: the part of the picture, its hole, its task, its truth."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dipcli.batch.checks import check_picture, check_reference
from dipcli.batch.crop import Crop
from dipcli.batch.request import ALPHA, Job, Request
from dipcli.errors import MaskError, PictureError
from dipcli.observers import Reference
from dipcli.pictures import (
    Contents,
    Picture,
    fill_transparent,
    lost,
    mask_from_alpha,
    mask_warning,
    name_of,
    probe,
    read,
    read_mask,
)
from dipcli.settings import Settings
from dipcli.stages import unused

if TYPE_CHECKING:
    from dipcli.tasks import Task

EXAMINED = ("denoise", "superres", "inpaint")  # tasks that ask how the picture was coded


def taken(job: Job, request: Request) -> Job:
    """The job with the bytes of its files in place of their paths.

    They are read this once: what is restored is what the record tells of, whatever becomes of
    the files meanwhile. An input that has changed since the plan is checked again. Raises
    PictureError, MaskError, UsageError.
    """
    source = _read_once(job.source)
    mask = None if job.mask is None else _read_once(job.mask)
    protect = None if job.protect is None else _read_once(job.protect)
    header = probe(source, max_pixels=request.max_pixels)
    found = replace(job, source=source, header=header, mask=mask, protect=protect)
    if header != job.header:
        check_picture(found, request)
        check_reference(found, request)
    return found


def _read_once(source: Path | bytes) -> bytes:
    if isinstance(source, bytes):
        return source
    try:
        return Contents.of(source)
    except OSError as error:
        raise PictureError(f"{name_of(source)}: cannot be read: {error.strerror}") from error


def tell_changes(job: Job, picture: Picture, note: Callable[[str], None]) -> None:
    """What reading changed, and what the format of the result cannot hold."""
    gone = lost(picture, job.format)
    said = (job.note,) if job.note else ()
    lacks = (f"{job.format} cannot keep its {what}" for what in gone)
    for text in (*said, *picture.meta.notes, *lacks):
        note(f"{job.name}: {text}")


def cropped(picture: Picture, crop: Crop | None) -> Picture:
    """The part of a picture that is asked for."""
    if crop is None:
        return picture
    alpha, coding = picture.alpha, picture.meta.jpeg
    return replace(
        picture,
        pixels=_window(picture.pixels, crop),
        alpha=None if alpha is None else _window(alpha, crop),
        meta=replace(picture.meta, jpeg=coding and coding.at(crop.y, crop.x)),
    )


def _window(values: NDArray[Any], crop: Crop) -> NDArray[Any]:
    return np.ascontiguousarray(values[crop.y : crop.y + crop.height, crop.x : crop.x + crop.width])


def hole_of(
    job: Job, request: Request, picture: Picture, note: Callable[[str], None]
) -> NDArray[np.bool_] | None:
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
                raise MaskError(f"{name_of(job.mask)} covers {what} of the part {request.crop}")
    warning = mask_warning(hole, request.invert_mask)
    if warning:
        note(f"{job.name}: {warning}")
    return hole


def task_of(request: Request, picture: Picture, hole: NDArray[np.bool_] | None) -> "Task[Any]":
    """The task by its name; each one is a function of `dipcli.tasks`."""
    from dipcli import tasks

    looks = {"coding": picture.meta.jpeg} if request.task in EXAMINED else {}
    options: dict[str, Any] = {**looks, **request.run_options()}
    if hole is not None:
        return tasks.inpaint(picture.pixels, hole, **options)
    make = getattr(tasks, request.task)
    pixels = picture.pixels
    if picture.alpha is not None:
        pixels = fill_transparent(pixels, picture.alpha)
    task: Task[Any] = make(pixels, **options)
    return task


def settings_of(
    task: "Task[Any]", job: Job, request: Request, note: Callable[[str], None]
) -> Settings:
    """The settings of a picture; what was given and changes nothing is told and left out."""
    found: Settings = task.settings(request.preset, **request.overrides)
    telling = tell_unused(request, found)
    if telling:
        note(f"{job.name}: {telling}")
    used: Settings = task.settings(
        request.preset, **request.without(unused(found.to_dict())).overrides
    )
    return used


def tell_unused(request: Request, settings: Settings, *, seed: bool = False) -> str | None:
    """A line on overrides, and a seed, that were given and change nothing; None without any."""
    idle = unused(settings.to_dict())
    names = [name for name in request.overrides if name in idle]
    names += ["seed"] if seed and request.seed and "seed" in idle else []
    if not names:
        return None
    *most, last = ("--" + name.replace("_", "-") for name in names)
    flags = f"{', '.join(most)} and {last} change" if most else f"{last} changes"
    learns = "zero-shot" in str(settings.to_dict().get("method"))
    why = "plain layers have none of it" if learns else "no network is fitted"
    return f"{flags} nothing with preset {request.preset}: {why}"


def reference_of(path: Path, request: Request) -> Reference:
    """The ground truth; of a crop its part, of an enlarged crop the enlarged part."""
    crop, scale = request.crop, request.scale
    if crop is not None:
        crop = Crop(crop.width * scale, crop.height * scale, crop.x * scale, crop.y * scale)
    return Reference(cropped(read(path, max_pixels=request.max_pixels), crop).pixels)
