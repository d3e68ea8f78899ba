"""The one rule for what may be written where, asked again at the moment of writing.

A new file takes its place without replacing anything; a file is replaced only while it is still
the one that was seen. What finds its place taken goes beside it, under a free name.
"""

import ctypes
import errno
import os
import shutil
import stat
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path

from dipcli.errors import WriteError
from dipcli.system.files import flushed, move, name_of
from dipcli.system.kinds import is_null, refusal, special

_AT_FDCWD, _RENAME_NOREPLACE = -100, 1  # of renameat2 (Linux)
_MOST = 255  # bytes of a file name, on all usual file systems
Mark = tuple[int, int, int, int]
Times = tuple[int, int]


@dataclass(frozen=True)
class Seen:
    """What stood at `path`. target: the file that links lead to, if any do.

    mark: its device, inode, size in bytes, and nanoseconds of the last change; None: no file.
    """

    path: Path
    target: Path
    mark: Mark | None

    @property
    def still(self) -> bool:
        """Whether the same file, or still none, stands there."""
        return look(self.path) == self


def look(path: Path) -> Seen:
    """What stands at `path` now."""
    target = Path(os.path.realpath(path))
    return Seen(path, target, _mark(target))


def _mark(target: Path) -> Mark | None:
    try:
        found = target.lstat()
    except OSError:
        return None
    if not stat.S_ISREG(found.st_mode):
        return found.st_dev, found.st_ino, 0, 0
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def publish(seen: Seen, data: bytes, times: Times | None = None) -> Seen | None:
    """Write `data` to the place that was looked at; returns what stands there then.

    The whole file appears at once, with `times` of access and modification in nanoseconds, and
    the permissions of the file that it replaces. None if the place has been taken since, or its
    file was changed: then nothing is touched. Raises WriteError.
    """
    try:
        if seen.mark is not None and seen.still:
            if is_null(seen.path):  # thrown away; the device stays
                return seen
            _check_replaceable(seen)
        seen.target.parent.mkdir(parents=True, exist_ok=True)  # it may have gone meanwhile
        with flushed(seen.target, data, times) as temporary:
            mark = _mark(temporary)
            return replace(seen, mark=mark) if _placed(temporary, seen) else None
    except OSError as error:
        raise told(seen.path, error) from error


def _check_replaceable(seen: Seen) -> None:
    """Raise for what stood there from the beginning and is no file: nothing takes its place."""
    if seen.target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    found = special(seen.path)
    if found is not None:
        raise WriteError(refusal(seen.path, found))


def publish_beside(path: Path, data: bytes, times: Times | None = None) -> Seen:
    """Write `data` next to `path`, under the first free name such as x.1.png. WriteError."""
    return _publish_first(path, map(path.with_name, _numbered(path)), data, times)


def publish_new(path: Path, data: bytes, times: Times | None = None) -> Seen:
    """The same, under the name of `path` itself if that is free."""
    names = chain([path], map(path.with_name, _numbered(path)))
    return _publish_first(path, names, data, times)


def _publish_first(path: Path, places: Iterable[Path], data: bytes, times: Times | None) -> Seen:
    try:
        with flushed(path, data, times) as temporary:
            mark = _mark(temporary)
            place = next(one for one in places if _put_new(temporary, one))
            return Seen(place, Path(os.path.realpath(place)), mark)
    except OSError as error:
        raise told(path, error) from error


def full(error: WriteError) -> bool:
    """Whether it was for want of room."""
    cause = error.__cause__
    return isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT)


def unnumbered(path: Path) -> Path:
    """The path beside which `publish_beside` would have written this one; else the path."""
    stem, _, number = path.stem.rpartition(".")
    return path.with_name(stem + path.suffix) if stem and number.isdecimal() else path


def _numbered(path: Path) -> "map[str]":
    """x.1.png, x.2.png, ..., no longer than a name may be."""

    def name(number: int) -> str:
        stem, end = path.stem, f".{number}{path.suffix}"
        while len(os.fsencode(stem + end)) > _MOST:
            stem = stem[:-1]
        return stem + end

    return map(name, count(1))


def _placed(temporary: Path, seen: Seen) -> bool:
    """Put the temporary file in the place that was seen, unless it is another one now."""
    now = look(seen.path)
    if now.target != seen.target:
        return False  # a link that was not there, or leads elsewhere
    if now.mark is None:  # free, perhaps since: there is nothing to lose
        return _put_new(temporary, seen.target)
    if now != seen or not seen.target.is_file():
        return False
    shutil.copymode(seen.target, temporary)
    move(temporary, seen.target)
    return True


def _put_new(temporary: Path, target: Path) -> bool:
    """Give the temporary file a name that nothing has, not even a link to nowhere."""
    try:
        os.link(temporary, target)
    except FileExistsError:
        return False
    except OSError:  # not every file system has hard links
        return _renamed(temporary, target)
    return True


def _renamed(temporary: Path, target: Path) -> bool:
    """The same without a hard link."""
    rename = None
    if sys.platform == "linux":
        rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is not None:
        names = os.fsencode(temporary), os.fsencode(target)
        if rename(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_NOREPLACE) == 0:
            return True
        if ctypes.get_errno() == errno.EEXIST:
            return False
    try:
        target.open("xb").close()  # the name is ours from here on
    except FileExistsError:
        return False
    try:
        move(temporary, target)
    except OSError:
        target.unlink()
        raise
    return True


def told(path: Path, error: OSError) -> WriteError:
    """The error of a file that could not be written; to be raised from `error`."""
    return WriteError(f"{name_of(path)}: cannot be written: {error.strerror or error}")
