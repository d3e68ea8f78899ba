"""Models that `dip learn` wrote: whether a file is one, and for which pictures."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from dipcli.batch.request import Job, Request
from dipcli.errors import PictureError, UsageError
from dipcli.pictures import Contents, name_of

if TYPE_CHECKING:
    from dipcli.learning.model import Model


def check_models(request: Request) -> None:
    """Raise UsageError for a model that is none: it is the same for all pictures."""
    for one in request.given_companions:
        if one.model:
            _model_at(Path(request.companions[one.name]))


def check_model(path: Path, job: Job) -> None:
    """Raise UsageError if the model is for pictures of other channels."""
    try:
        _model_at(path).check(job.header.channels)
    except UsageError as error:
        raise UsageError(f"{job.name}: {name_of(path)}: {error}") from error


def model_in(source: Path | bytes) -> Model:
    """The model in a file; raises UsageError for one that is damaged or something else."""
    if isinstance(source, Path):
        return _model_at(source)
    return _decoded(source)


def _model_at(path: Path) -> Model:
    if not path.exists():
        raise UsageError(f"{name_of(path)} does not exist")
    if not path.is_file():
        raise UsageError(f"{name_of(path)} is not a file; give a model that `dip learn` wrote")
    try:
        return _decoded(Contents.of(path))
    except OSError as error:
        raise UsageError(f"{name_of(path)}: cannot be read: {error.strerror}") from error
    except UsageError as error:
        raise UsageError(f"{name_of(path)} {error}") from error


@lru_cache(maxsize=1)
def _decoded(data: bytes) -> Model:
    """The same network for all pictures of a folder."""
    from dipcli.learning.model import Model

    try:
        return Model.decode(data)
    except PictureError as error:
        raise UsageError(str(error)) from error
