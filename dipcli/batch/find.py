"""Which files of a folder are pictures to restore."""

import difflib
import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from glob import has_magic
from pathlib import Path

from dipcli.errors import MaskError, UsageError
from dipcli.pictures import HEAD, format_for_suffix, name_of, sniff
from dipcli.system.naming import composed


@dataclass(frozen=True)
class Found:
    """A file to restore. relative: below `root`, the folder that was given, with "/"."""

    path: Path
    root: Path
    relative: str


def walk(folder: Path, *, recursive: bool, exclude: Sequence[Path] = ()) -> Iterator[Found]:
    """The pictures of a folder by name, sorted: by content, or by a suffix that claims to be one.

    A file that claims to be a picture and is none is found too, so that it can be reported.
    Hidden files, and everything below the folders `exclude`, are left out; of a folder that
    links lead back into, no part is found twice.
    """
    outside = {one.resolve() for one in exclude}
    outside.discard(folder.resolve())
    for parent, folders, files in os.walk(folder, followlinks=True):
        here = Path(parent)
        place = here.resolve()
        around = {place, *place.parents}
        folders[:] = sorted(
            name
            for name in folders
            if recursive
            and not name.startswith(".")
            and (real := (here / name).resolve()) not in outside
            and real not in around
        )
        for name in sorted(files):
            path = here / name
            if not name.startswith(".") and path.is_file() and _claims_or_is(path):
                yield Found(path, folder, path.relative_to(folder).as_posix())


def _claims_or_is(path: Path) -> bool:
    if format_for_suffix(path.suffix):
        return True
    try:
        with path.open("rb") as file:
            return sniff(file.read(HEAD)) is not None
    except OSError:
        return False  # neither by name nor by content


def in_shard(relative: str, shard: tuple[int, int]) -> bool:
    """Whether this path belongs to part I of N (I from 1); the same on every machine."""
    part, parts = shard
    return int(hashlib.sha256(os.fsencode(composed(relative))).hexdigest(), 16) % parts == part - 1


def partner(folder: Path, one: Found, what: str) -> Path:
    """The file in `folder` that belongs to an input: same stem, same subfolder.

    Looks in the folder itself too. Of two that read alike, as Unicode has them, the one with the
    very name. Raises MaskError if there is none or more than one.
    """
    path = Path(one.relative)
    name = name_of(one.path)
    for place in dict.fromkeys((_subfolder(folder, path.parent), folder)):
        if not place.is_dir():
            continue
        stems = [
            file
            for file in sorted(place.iterdir())
            if composed(file.stem) == composed(path.stem)
            and format_for_suffix(file.suffix)
            and file.is_file()
        ]
        fits = [file for file in stems if file.stem == path.stem] or stems
        if len(fits) > 1:
            names = " and ".join(file.name for file in fits[:2])
            raise MaskError(f"{name}: {names} in {place} both could be its {what}; keep one")
        if fits:
            return fits[0]
    raise MaskError(f"{name}: no {what} named {path.stem}.* in {folder}")


def _subfolder(folder: Path, parts: Path) -> Path:
    """The folder of this name below another one, or one that reads alike if that is not there."""
    for part in parts.parts:
        inside = folder / part
        if not inside.is_dir() and folder.is_dir():
            alike = (
                one for one in sorted(folder.iterdir()) if composed(one.name) == composed(part)
            )
            inside = next(alike, inside)
        folder = inside
    return folder


def _nearest(path: Path) -> Path | None:
    """What is there under nearly this name, or under this very name one folder below."""
    folder = path.parent
    try:
        names = [one.name for one in folder.iterdir()] if folder.is_dir() else []
        below = sorted(folder.glob(f"*/{path.name}")) if names and not has_magic(path.name) else []
    except OSError:
        return None
    alike = difflib.get_close_matches(path.name, names, 1)
    return folder / alike[0] if alike else next(iter(below), None)


def check_exists(path: Path) -> None:
    """Raise UsageError for an input that is not there, or that cannot be read twice."""
    if not path.exists():
        near = _nearest(path)
        hint = f"did you mean {name_of(near)}?" if near else "check its name"
        raise UsageError(f"{name_of(path)} does not exist; {hint}")
    if not path.is_file() and not path.is_dir():
        raise UsageError(f"{name_of(path)} is neither a file nor a folder; for a pipe give -")
