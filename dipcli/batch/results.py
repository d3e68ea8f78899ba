"""A result on its way to its files: the picture, its record, and what lies beside it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import dipcli
from dipcli.batch.outcome import finite
from dipcli.batch.outputs import Outputs
from dipcli.batch.remixing import controls_record
from dipcli.batch.request import Job, Request, contents, fingerprint, made_from
from dipcli.observers import Curve, Frames
from dipcli.pictures import (
    USUAL,
    Contents,
    Picture,
    encode,
    enlarge_alpha,
    format_for_suffix,
)
from dipcli.pictures.framing import in_proportion
from dipcli.stages import unused
from dipcli.tasks.companions import ALPHA
from dipcli.tasks.controlled import Controlled

if TYPE_CHECKING:
    from dipcli.api import Result

FROM_FOLDER = "dip.toml"  # of a record: the settings that the folder's dip.toml decided


def assembled(
    picture: Picture, image: NDArray[np.float32], filled: NDArray[np.bool_] | None
) -> Picture:
    """The restored colours in the input's frame; what was filled is no longer transparent."""
    alpha = picture.alpha
    height, width = image.shape[:2]
    if alpha is not None and filled is not None:
        alpha = np.where(filled, np.float32(1), alpha)
    if alpha is not None and alpha.shape != (height, width):
        alpha = enlarge_alpha(in_proportion(alpha, (height, width)), (width, height))
    return replace(picture, pixels=image, alpha=alpha)


def filled(request: Request, arrays: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_] | None:
    """Which transparent pixels were filled, (H, W) bool; None if they stay transparent."""
    return next((arrays[n] for n, path in request.companions.items() if path == ALPHA), None)


def record_of(
    job: Job, request: Request, result: "Result", device: str, sides: Mapping[str, bytes]
) -> dict[str, object]:
    """How the result was made; nothing in it differs between two runs of the same request.

    Paths and seconds are therefore not among it: the same request gives the same bytes.
    sides: what is written beside it, which its sha256 tells from files of others.
    """
    request = request.without(unused(result.settings.to_dict()))
    record = {
        "software": "dip",
        "version": dipcli.__version__,
        "task": request.task,
        "preset": request.preset,
        "settings": result.settings.to_dict(),
        "seed": request.seed,
        "device": device,
        "stopped_at": result.stopped_at,
        "partial": result.partial,
        "notes": {key: value for key, value in result.notes.items() if key != "curves"},
        **request_facts(job, request),
    }
    if sides:
        record["beside"] = {what: contents(data) for what, data in sides.items()}
    plain: dict[str, object] = finite(record)
    return plain


def request_facts(job: Job, request: Request) -> dict[str, object]:
    """The part of a record that says what was asked for, whatever the run gave."""
    facts: dict[str, object] = {
        "command": request.command(),
        "options": dict(request.options),
        "request": request.digest(),
        "asked": request.identity(),
        "made_from": made_from(job),
        "fingerprint": fingerprint(job, request),
    }
    if request.from_folder:
        facts[FROM_FOLDER] = list(request.from_folder)
    has_controls = issubclass(request.task_class, Controlled)
    return facts | {"controls": controls_record(job, request)} if has_controls else facts


def note_warnings(job: Job, result: "Result", note: Callable[[str], None]) -> None:
    """Notes on what the result had to do without, and where it gives reason to doubt it."""
    for text in result.gave_up:
        note(f"{job.name}: {text}")
    trust = result.notes.get("trust")
    if isinstance(trust, Mapping) and "warning" in trust:
        note(f"{job.name}: {trust['warning']}")


def write_result(
    job: Job,
    request: Request,
    restored: Picture,
    record: Mapping[str, object],
    outputs: Outputs,
    sides: Mapping[str, bytes] | None = None,
) -> None:
    """Write the picture with its record inside, then what lies beside it.

    Raises PictureError, WriteError.
    """
    text = json.dumps(record, sort_keys=True)
    data = encode(restored, job.format, quality=request.quality, provenance=text)
    if job.output is None:
        outputs.put_out(data)
    else:
        times = job.source.times if isinstance(job.source, Contents) else None
        outputs.put_picture(data, record, times if request.preserve else None)
    for what, side in (sides or {}).items():
        outputs.put(job.side_files[what], side)


def sides_of(
    job: Job,
    result: "Result",
    curve: Curve | None,
    frames: Frames | None,
    note: Callable[[str], None],
) -> dict[str, bytes]:
    """The files beside the result that were asked for, by what they are."""
    sides: dict[str, bytes] = {}
    if job.curve and curve:
        sides["curve"] = curve.encode(job.curve.suffix)
    if job.gif and frames:
        sides["gif"] = frames.encode(job.gif.suffix)
    if job.uncertainty and result.spread is None:
        note(f"{job.name}: no --uncertainty: one run alone was finished")
    elif job.uncertainty and result.spread is not None:
        format = format_for_suffix(job.uncertainty.suffix) or USUAL
        sides["uncertainty"] = encode(_spread_map(result.spread), format)
    return sides


def _spread_map(spread: NDArray[np.float32]) -> Picture:
    """The disagreement, (H, W) in [0, 1], as a gray picture whose white is the largest."""
    top = float(spread.max())
    scaled = spread / top if top > 0 else spread
    return Picture(np.ascontiguousarray(scaled[..., None], dtype=np.float32))
