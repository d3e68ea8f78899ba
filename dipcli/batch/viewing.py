"""What a page shows of a picture that was made, or that is there already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dipcli.batch.outcome import Outcome, Status
from dipcli.batch.preparing import arrays_of, picture_of, reference_of
from dipcli.batch.request import Job, Request
from dipcli.observers import Curve, Frames, Reference
from dipcli.pictures import Picture, read
from dipcli.pictures.framing import framed
from dipcli.report import View, view_of

if TYPE_CHECKING:
    from dipcli.stream.step import Runtime


def recorders(
    job: Job, request: Request, reference: Reference | None, runtime: Runtime
) -> tuple[Curve | None, Frames | None]:
    """Observers that keep the steps, for files beside the result or for the page."""
    curve = Curve(reference) if job.curve or request.report else None
    frames = Frames(request.gif_every) if job.gif or request.report else None
    for one in (curve, frames):
        if one is not None:
            runtime.resume.register(type(one).__name__, one)
    return curve, frames


def view_of_run(
    request: Request,
    picture: Picture,
    restored: Picture,
    arrays: Mapping[str, Any],
    reference: Reference | None = None,
    spread: NDArray[np.float32] | None = None,
    curve: Curve | None = None,
    frames: Frames | None = None,
) -> View | None:
    """What there is to see of a picture and what was made of it; None where no page is wanted.

    arrays: what belongs to the picture, its mask among it.
    """
    if request.report is None:
        return None
    made = request.task_class.made
    masks = [one for one in arrays.values() if getattr(one, "dtype", None) == np.bool_]
    return view_of(
        _as_seen(picture, restored, request.scale),
        restored,
        rows=curve.rows() if curve else (),
        frames=frames.frames if frames else (),
        mask=masks[0] if masks else None,
        spread=spread,
        named=("as it came" if request.task_class.takes_picture else "the beginning", made),
        reference=reference.pixels if reference else None,
    )


def _as_seen(picture: Picture, restored: Picture, scale: int) -> Picture:
    """The picture; as a model saw it, where the result has another size for that reason."""
    size = restored.pixels.shape[:2]
    if (picture.pixels.shape[0] * scale, picture.pixels.shape[1] * scale) == size:
        return picture
    return replace(picture, pixels=framed(picture.pixels, size), alpha=restored.alpha)


def with_view(outcome: Outcome, job: Job, request: Request) -> Outcome:
    """The outcome; that of a result which is up to date with what there is to see of it."""
    if request.report is None or outcome.status is not Status.UP_TO_DATE or job.output is None:
        return outcome
    picture = picture_of(job, request)
    arrays = arrays_of(job, request, picture, lambda text: None)
    restored = read(job.output, max_pixels=None)
    size = restored.pixels.shape[:2]
    reference = reference_of(job.reference, request, size) if job.reference else None
    return replace(outcome, view=view_of_run(request, picture, restored, arrays, reference))
