"""What the headers tell before the first step: crops, sizes, alpha, and what a format holds."""

from dataclasses import replace
from pathlib import Path

from dipcli.batch.crop import Crop
from dipcli.batch.find import Found, check_exists, partner
from dipcli.batch.models import check_model
from dipcli.batch.request import Job, Request
from dipcli.errors import MaskError, PictureError, UsageError
from dipcli.pictures import check_output, name_of, probe
from dipcli.tasks.companions import ALPHA


def check_picture(job: Job, request: Request) -> None:
    """What the header alone tells: the crop, the alpha, and whether the format can hold it."""
    header = job.header
    width, height = header.width, header.height
    if request.crop:
        check_crop(request.crop, width, height, job.name)
        width, height = request.crop.width, request.crop.height
    if ALPHA in request.companions.values() and not header.has_alpha:
        raise MaskError(f"{job.name} has no transparent pixels to fill; give a mask file instead")
    scale = request.scale
    check_output(
        job.format,
        depth=header.depth,
        has_alpha=header.has_alpha,
        size=(width * scale, height * scale),
        name=job.name,
    )


def check_crop(crop: Crop, width: int, height: int, name: str) -> None:
    """Raise UsageError unless the window lies in the picture."""
    if crop.x + crop.width > width or crop.y + crop.height > height:
        raise UsageError(f"--crop {crop} reaches outside of {name}, which is {width}x{height}")


def with_partners(job: Job, one: Found, request: Request) -> Job:
    """The job with its companions and its reference; MaskError or UsageError if they misfit."""
    found: dict[str, Path | bytes] = {}
    for declared in request.given_companions:
        given = request.companions[declared.name]
        if given == ALPHA and declared.alpha:
            continue
        if declared.data:
            found[declared.name] = _file(Path(given))
            continue
        if declared.model:
            check_model(Path(given), job)
            found[declared.name] = Path(given)
            continue
        path = _one_or_partner(Path(given), one, declared.what)
        kind = UsageError if declared.picture else MaskError
        _same_size(path, job, 1, f"scale the {declared.noun} or give the right one", kind)
        found[declared.name] = path
    reference = None
    if request.reference is not None:
        reference = _one_or_partner(request.reference, one, "reference")
    whole = replace(job, companions=found, reference=reference)
    check_reference(whole, request)
    return whole


def check_reference(job: Job, request: Request) -> None:
    """Raise UsageError unless the ground truth, if there is one, has the size of the result."""
    if job.reference is not None:
        _same_size(job.reference, job, request.scale, "give the right one", UsageError)


def _file(path: Path) -> Path:
    """A file for all pictures."""
    check_exists(path)
    if path.is_dir():
        raise UsageError(f"{name_of(path)} is a folder; name a file")
    return path


def _one_or_partner(path: Path, one: Found, what: str) -> Path:
    check_exists(path)
    return partner(path, one, what) if path.is_dir() else path


def _same_size(path: Path, job: Job, scale: int, remedy: str, kind: type[UsageError]) -> None:
    try:
        found = probe(path)
    except PictureError as error:
        raise kind(str(error)) from error
    width, height = job.header.width * scale, job.header.height * scale
    if (found.width, found.height) != (width, height):
        enlarged = f" enlarged {scale} times" if scale > 1 else ""
        raise kind(
            f"{name_of(path)} is {found.width}x{found.height} but {job.name}{enlarged} "
            f"is {width}x{height}; {remedy}"
        )
