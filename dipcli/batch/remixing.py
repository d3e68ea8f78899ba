"""Strength, detail and protection of a picture in its file's own depth, and turned again later.

They are applied to levels as they are written. A result without them that was written without
loss therefore holds all that another mixture needs: no new run, and the same bytes as by one.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dipcli.batch.crop import Crop
from dipcli.batch.request import Job, Request, contents, fingerprint
from dipcli.batch.uptodate import read_record, without_unused
from dipcli.pictures import Picture, is_lossless, is_null, name_of, read, read_protected
from dipcli.tasks.controls import PROTECT, ControlOptions

_DTYPES: Mapping[int, type] = {8: np.uint8, 16: np.uint16, 32: np.float32}


def controls_of(request: Request) -> ControlOptions:
    """What the request asks for; UsageError for a value out of range."""
    found: ControlOptions = request.task_class.Options().override(**request.options)
    return found.controls


def controls_record(job: Job, request: Request) -> dict[str, object]:
    """The controls as a record tells them; protect: the sha256 of the mask's file."""
    found = controls_of(request)
    protect = job.companions.get(PROTECT.name)
    mask = None if protect is None else contents(protect)
    return {"strength": list(found.strength), "detail": found.detail, "protect": mask}


def mixed_in_depth(
    job: Job, request: Request, picture: Picture, image: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The restored colours, (H, W, C) float32 in [0, 1], as the controls want them."""
    if not request.mixes:
        return image
    from dipcli.tasks.mixing import mixed

    depth = picture.meta.depth
    observed, restored = _levels(picture.pixels, depth), _levels(image, depth)
    found = mixed(observed, restored, controls_of(request), _protected(job, request.crop))
    top = np.float32(1 if depth == 32 else 2**depth - 1)
    return found.astype(np.float32) / top


def _levels(values: NDArray[np.float32], depth: int) -> NDArray[Any]:
    """Values in [0, 1] as a file of this depth has them."""
    clipped = np.clip(values, 0.0, 1.0)
    if depth == 32:
        return clipped
    levels: NDArray[Any] = np.rint(clipped * np.float32(2**depth - 1)).astype(_DTYPES[depth])
    return levels


def _protected(job: Job, crop: Crop | None) -> NDArray[np.bool_] | None:
    protect = job.companions.get(PROTECT.name)
    if protect is None:
        return None
    mask = read_protected(protect, job.header.size, picture_name=job.name)
    return mask if crop is None else mask[crop.y :, crop.x :][: crop.height, : crop.width]


def note_protection(job: Job, request: Request, note: Callable[[str], None]) -> None:
    """A note where a mask protects nothing, or leaves nothing to do; raises MaskError."""
    mask = _protected(job, request.crop)
    if mask is not None and (mask.all() or not mask.any()):
        how = "everything" if mask.all() else "nothing"
        name = name_of(job.companions[PROTECT.name])
        note(f"{job.name}: {name} protects {how}: what is white is left as it was")


def kept_restoration(
    job: Job, request: Request, picture: Picture, device: str
) -> tuple[NDArray[np.float32], dict[str, object]] | None:
    """The restoration at full strength that the output holds, (H, W, C), and its record.

    None unless it is whole, of this very input and request but for the controls, made on this
    device and written without loss, and unless files beside it are wanted, which need a run.
    """
    if not request.mixes or job.output is None or not job.output.exists():
        return None
    if is_null(job.output) or job.sides or request.checkpoint or picture.meta.premultiplied:
        return None
    record = read_record(job.output)
    if record is None or record.get("partial") or record.get("device") != device:
        return None
    asked = without_unused(request.without_controls(), record)
    left = {name: one for name, one in job.companions.items() if name in asked.companions}
    full = fingerprint(replace(job, companions=left), asked)
    if record.get("fingerprint") != full:
        return None
    found = read(job.output, max_pixels=None)
    same = (found.pixels.shape, found.meta.depth) == (picture.pixels.shape, picture.meta.depth)
    return (found.pixels, record) if is_lossless(found.meta) and same else None
