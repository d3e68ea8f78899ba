"""`dip learn`: folders of pictures as scenes to learn from, and the model as a file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dipcli
from dipcli.batch.find import Found, check_exists, partner, walk
from dipcli.batch.names import check_writable
from dipcli.errors import MaskError, NoPictureError, OutputError, PictureError, UsageError
from dipcli.learning.settings import LearnOptions, LearnSettings
from dipcli.pictures import Header, check_writes_file, name_of, probe
from dipcli.system.naming import composed

if TYPE_CHECKING:
    from torch import Tensor

    from dipcli.learning.scenes import Scene

SUFFIX = ".safetensors"


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """What was asked for: folders or files, where the model goes, and how it is learnt.

    target: the other noisy pictures, None for clean ones or for noisy ones alone; validation: of
    clean pictures others to measure by, else the truth of some of the noisy ones, by their stems.
    """

    noisy: Path
    target: Path | None
    output: Path
    options: LearnOptions
    settings: LearnSettings
    validation: Path | None = None
    device: str = "auto"
    seed: int = 0
    recursive: bool = False
    overwrite: bool = False
    max_pixels: int = 500_000_000
    curve: Path | None = None
    checkpoint: Path | None = None


@dataclass(frozen=True)
class Example:
    """The files of one scene; relative: as in a record, whatever folder was given."""

    seen: Path
    target: Path | None
    relative: str


@dataclass(frozen=True)
class Examples:
    """The files to learn from and to measure by, and the channels that all have in the end."""

    learnt: list[Example]
    validation: list[Example]
    channels: int
    contents: Mapping[str, str] = field(default_factory=dict)  # what each is -> its sha256

    @property
    def files(self) -> list[Path]:
        """All files that are read."""
        both = [(one.seen, one.target) for one in (*self.learnt, *self.validation)]
        return [path for pair in both for path in pair if path is not None]


def examples(asked: Lesson) -> Examples:
    """The pictures, checked by their headers; UsageError, PictureError or NoPictureError."""
    if asked.options.added is not None and asked.target is not None:
        raise UsageError("--sigma and --noise make the pairs of clean pictures; give one folder")
    learnt = _paired(asked.noisy, asked.target, asked)
    validation = []
    if asked.validation is not None:
        check_exists(asked.validation)
        if asked.options.added is not None:
            validation = _paired(asked.validation, None, asked)
        else:
            learnt, validation = _with_truth(learnt, asked.validation)
    headers = [_checked(one, asked) for one in (*learnt, *validation)]
    wanted = asked.settings.channels or max(one.channels for one in headers)
    shown = {"A": learnt, "validation": validation}
    contents = {
        f"{name}/{what}/{one.relative}": _sha256(path)
        for name, some in shown.items()
        for one in some
        for what, path in (("seen", one.seen), ("target", one.target))
        if path is not None
    }
    seen = {contents[f"validation/seen/{one.relative}"] for one in validation}
    learnt = [one for one in learnt if contents[f"A/seen/{one.relative}"] not in seen]
    if not learnt:
        raise UsageError("every picture is one to measure by; nothing is left to learn from")
    return Examples(learnt, validation, wanted, contents)


def _paired(first: Path, second: Path | None, asked: Lesson) -> list[Example]:
    """The pictures of A, each with its partner in B, if there is a B."""
    check_exists(first)
    if second is not None:
        check_exists(second)
        if first.is_dir() != second.is_dir():
            raise UsageError(f"{name_of(first)} and {name_of(second)}: give two folders or files")
    if first.is_file():
        return [Example(first, second, first.name)]
    exclude = [one for one in (second, asked.validation) if one is not None]
    found = list(walk(first, recursive=asked.recursive, exclude=exclude))
    if not found:
        below = "" if asked.recursive else "; --recursive looks into its subfolders"
        raise NoPictureError(f"no picture in {name_of(first)}{below}")
    return [Example(one.path, second and _partner(second, one), one.relative) for one in found]


def _partner(folder: Path, one: Found) -> Path:
    try:
        return partner(folder, one, "second noisy picture")
    except MaskError as error:
        raise UsageError(str(error)) from error


def _with_truth(learnt: list[Example], validation: Path) -> tuple[list[Example], list[Example]]:
    """The scenes without those whose truth is in `validation`, and those with it."""
    if validation.is_file():
        truths = {composed(validation.stem): validation}
    else:
        truths = {composed(one.path.stem): one.path for one in walk(validation, recursive=False)}
    stems = [composed(one.seen.stem) for one in learnt]
    known = [
        Example(one.seen, truths[stem], one.relative)
        for one, stem in zip(learnt, stems, strict=True)
        if stem in truths
    ]
    if not known:
        name = name_of(validation)
        raise UsageError(f"{name} holds the truth of none of the pictures; name both alike")
    return [one for one, stem in zip(learnt, stems, strict=True) if stem not in truths], known


def _checked(one: Example, asked: Lesson) -> Header:
    """The header of the first of a pair of one size; PictureError or UsageError."""
    header = probe(one.seen, max_pixels=asked.max_pixels)
    if one.target is not None:
        other = probe(one.target, max_pixels=asked.max_pixels)
        if other.size != header.size:
            raise UsageError(
                f"{name_of(one.target)} is {other.width}x{other.height} but "
                f"{name_of(one.seen)} is {header.width}x{header.height}; "
                "a pair shows one scene in one size"
            )
        if other.channels != header.channels:
            both = f"{name_of(one.seen)} and {name_of(one.target)}"
            raise UsageError(f"{both}: one is gray, the other in colour; convert one of them")
    return header


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise PictureError(f"{name_of(path)}: cannot be read: {error.strerror}") from error


def making(asked: Lesson) -> dict[str, object]:
    """What decides the bytes of a model beside those of the pictures; plain JSON types."""
    return {
        "options": asked.options.to_dict(),
        "settings": asked.settings.to_dict(),
        "seed": asked.seed,
        "pairs": asked.target is not None,
    }


def fingerprint(asked: Lesson, found: Examples) -> str:
    """What this model is made of: pictures, request and version, as one sha256."""
    whole = {**making(asked), "files": dict(found.contents), "version": dipcli.__version__}
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


def check_places(asked: Lesson, found: Examples) -> None:
    """Raise UsageError or OutputError unless all that is written has a place of its own."""
    if asked.output.suffix.lower() != SUFFIX:
        raise UsageError(f"-o {asked.output}: a model is a {SUFFIX} file; name it so")
    places = {"-o": asked.output, "--curve": asked.curve, "--checkpoint": asked.checkpoint}
    taken = {path.resolve(): name_of(path) for path in found.files}
    for flag, path in places.items():
        if path is None:
            continue
        check_writes_file(path)
        if path.is_dir():
            raise OutputError(f"{path} is a folder; name a file")
        if path.resolve() in taken:
            raise OutputError(f"{flag} {path} would replace {taken[path.resolve()]}")
        taken[path.resolve()] = f"what {flag} writes"
        check_writable(path.parent)


def scenes_of(some: list[Example], channels: int, asked: Lesson) -> list[Scene]:
    """The pictures themselves. A gray one stands for each colour; a colour picture where gray
    ones are learnt is three, as its channels have noise of their own."""
    from dipcli.learning.scenes import Scene

    found = []
    for one in some:
        seen = _planes(one.seen, channels, asked)
        target = None if one.target is None else _planes(one.target, channels, asked)
        for n in range(max(1, seen.shape[0] // channels)):
            part = slice(n * channels, (n + 1) * channels)
            found.append(Scene(seen[part], None if target is None else target[part]))
    return found


def _planes(path: Path, channels: int, asked: Lesson) -> Tensor:
    """(C, H, W), uint8 where the file has 8 bits: a quarter of the memory."""
    import numpy as np
    import torch

    from dipcli.pictures import read

    picture = read(path, max_pixels=asked.max_pixels)
    values: Any = picture.pixels
    if picture.meta.depth == 8:
        values = np.rint(values * np.float32(255)).astype(np.uint8)
    planes = torch.from_numpy(values.transpose(2, 0, 1).copy())
    return planes.expand(channels, -1, -1) if planes.shape[0] < channels else planes
