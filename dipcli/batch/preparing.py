"""What is made ready before a run: the part of the picture, its hole, its task, its truth."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dipcli.batch.checks import check_picture, check_reference
from dipcli.batch.crop import Crop
from dipcli.batch.models import model_in
from dipcli.batch.request import Job, Request
from dipcli.errors import MaskError, PictureError, UsageError
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
from dipcli.pictures.framing import framed
from dipcli.settings import Settings
from dipcli.stages import unused
from dipcli.tasks import Task
from dipcli.tasks.companions import ALPHA, Companion


@dataclass(frozen=True)
class Prepared:
    """A picture that is ready for a run; arrays: of its companions, by their names."""

    arrays: Mapping[str, NDArray[Any]]
    task: Task[Any, Any]
    settings: Settings


def with_contents(job: Job, request: Request) -> Job:
    """The job with the bytes of its files in place of their paths.

    They are read this once: what is restored is what the record tells of, whatever becomes of
    the files meanwhile. An input that has changed since the plan is checked again. Raises
    PictureError, MaskError, UsageError.
    """
    source = _read_once(job.source)
    companions = {name: _read_once(one) for name, one in job.companions.items()}
    header = probe(source, max_pixels=request.max_pixels)
    found = replace(job, source=source, header=header, companions=companions)
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


def note_changes(job: Job, picture: Picture, note: Callable[[str], None]) -> None:
    """What reading changed, and what the format of the result cannot hold."""
    gone = lost(picture, job.format)
    said = (job.note,) if job.note else ()
    lacks = (f"{job.format} cannot keep its {what}" for what in gone)
    for text in (*said, *picture.meta.notes, *lacks):
        note(f"{job.name}: {text}")


def picture_of(job: Job, request: Request) -> Picture:
    """The picture of a job, or the part of it that is asked for."""
    return cropped(read(job.source, max_pixels=request.max_pixels), request.crop)


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


def arrays_of(
    job: Job, request: Request, picture: Picture, note: Callable[[str], None]
) -> dict[str, Any]:
    """What belongs to the picture, by its name: masks, (H, W) bool, pictures, (H, W, C), a model
    as it was learnt, or its bytes.

    What acts on the rendered result alone is left out: it is mixed in the file's own depth.
    """
    found: dict[str, Any] = {}
    for one in request.given_companions:
        if one.model:
            found[one.name] = model_in(job.companions[one.name])
        elif one.data:
            found[one.name] = job.companions[one.name]
        elif not one.renders:
            read_as = _picture_beside if one.picture else _mask_beside
            found[one.name] = read_as(one, job, request, picture, note)
    return found


def _picture_beside(
    one: Companion, job: Job, request: Request, picture: Picture, note: Callable[[str], None]
) -> NDArray[Any]:
    found = read(job.companions[one.name], max_pixels=request.max_pixels)
    return cropped(found, request.crop).pixels


def _mask_beside(
    one: Companion, job: Job, request: Request, picture: Picture, note: Callable[[str], None]
) -> NDArray[Any]:
    """A warning if it looks turned round."""
    invert = request.given(one.inverted_by)
    if request.companions[one.name] == ALPHA:
        mask = mask_from_alpha(picture, invert)
    else:
        source = job.companions[one.name]  # the plan paired it
        size = (job.header.width, job.header.height)
        mask = read_mask(source, size, invert, picture_name=job.name)
        if request.crop:
            mask = _window(mask, request.crop)
            if not mask.any() or mask.all():
                what = "everything" if mask.any() else "nothing"
                raise MaskError(f"{name_of(source)} covers {what} of the part {request.crop}")
    warning = mask_warning(mask, invert)
    if warning:
        note(f"{job.name}: {warning}")
    return mask


def task_of(request: Request, picture: Picture, arrays: Mapping[str, Any]) -> Task[Any, Any]:
    """The task of the request for this picture; arrays: what belongs to it."""
    task_class = request.task_class
    pixels = picture.pixels
    if picture.alpha is not None and not any(one.alpha for one in task_class.companions):
        pixels = fill_transparent(pixels, picture.alpha)
    options = task_class.Options().override(**request.options_of_run())
    beside = {one.keyword: arrays[one.name] for one in task_class.companions if one.name in arrays}
    coding = picture.meta.jpeg if task_class.reads_coding else None
    return task_class(pixels, options, coding, **beside)


def settings_for(job: Job, request: Request, note: Callable[[str], None]) -> Settings:
    """The settings that a run of this job would have, as its record will tell them."""
    job = with_contents(job, request)
    return prepared(job, request, picture_of(job, request), note).settings


def prepared(job: Job, request: Request, picture: Picture, note: Callable[[str], None]) -> Prepared:
    """The task of this picture and its settings. Raises MaskError, PictureError, UsageError."""
    arrays = arrays_of(job, request, picture, note)
    task = task_of(request, picture, arrays)
    return Prepared(arrays, task, settings_of(task, job, request, note))


def settings_of(
    task: Task[Any, Any], job: Job, request: Request, note: Callable[[str], None]
) -> Settings:
    """The settings of a picture; what was given and changes nothing is told and left out.

    Raises UsageError for values that are not allowed, or that this kind of picture cannot have.
    """
    found: Settings = task.settings(request.preset, **request.overrides)
    telling = tell_unused(request, found)
    if telling:
        note(f"{job.name}: {telling}")
    given = request.without(unused(found.to_dict())).overrides
    used: Settings = found
    if given != request.overrides:
        used = task.settings(request.preset, **given)
    if request.uncertainty and not used.compares:
        raise UsageError("--uncertainty compares runs; give --runs 2 or more")
    return used


def tell_unused(request: Request, *kinds: Settings, seed: bool = False) -> str | None:
    """A line on overrides, and a seed, that were given and change nothing; None without any.

    kinds: the settings of this kind of picture, or of each that there is: then what changes
    nothing for any of them.
    """
    idle = frozenset.intersection(*(unused(one.to_dict()) for one in kinds))
    settings = kinds[0]
    names = [name for name in request.overrides if name in idle]
    names += ["seed"] if seed and request.seed and "seed" in idle else []
    if not names:
        return None
    *most, last = ("--" + name.replace("_", "-") for name in names)
    flags = f"{', '.join(most)} and {last} change" if most else f"{last} changes"
    values = settings.to_dict()
    parts = set(str(values.get("method", "dip")).split("+"))
    why = "no network is fitted"
    if "dip" in parts:
        why = f"net {values['net']} has none of it"
    elif parts & {"zero-shot", "zsn2n"}:
        why = "plain layers have none of it"
    return f"{flags} nothing with preset {request.preset}: {why}"


def reference_of(path: Path, request: Request, size: tuple[int, int]) -> Reference:
    """The ground truth for a result of (H, W); of a crop its part, enlarged as that is.

    Where a result is a picture as a model sees it, so is the truth.
    """
    crop, scale = request.crop, request.scale
    if crop is not None:
        crop = Crop(crop.width * scale, crop.height * scale, crop.x * scale, crop.y * scale)
    pixels = cropped(read(path, max_pixels=request.max_pixels), crop).pixels
    return Reference(framed(pixels, size))
