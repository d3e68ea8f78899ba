"""Whole files or none: read once, written atomically, and the litter of killed processes."""

import contextlib
import hashlib
import os
import secrets
import shutil
import socket
import time
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Self

from dipcli.errors import WriteError
from dipcli.system.kinds import is_null, refusal, special
from dipcli.system.naming import printable

TEMPORARY = ".dip-tmp-"
_TOKEN = secrets.token_hex(4)  # tells this process from an earlier one with the same number
_HOST = "".join(c if c.isalnum() else "_" for c in socket.gethostname())[:40]
_WAITS = (0.02, 0.1, 0.5)  # seconds
_DAY = 86400.0  # seconds; no write takes that long


class Contents(bytes):
    """The bytes of a file as it was read, once; they know their file for messages.

    path: the file; times: when it was last read and changed, in nanoseconds, at that moment.
    """

    path: Path
    times: tuple[int, int]

    @classmethod
    def of(cls, path: Path) -> Self:
        """Read a file; raises OSError."""
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            data = cls(file.read())
        data.path = path
        data.times = (found.st_atime_ns, found.st_mtime_ns)
        return data

    @cached_property
    def sha256(self) -> str:
        """The digest of these bytes, in hexadecimal."""
        return hashlib.sha256(self).hexdigest()


def name_of(source: Path | bytes) -> str:
    """How messages call a source: its path, printable whatever bytes it has."""
    if isinstance(source, Contents):
        source = source.path
    if isinstance(source, bytes):
        return "standard input"
    return printable(os.fspath(source))


def write_atomic(path: Path, data: bytes, times: tuple[int, int] | None = None) -> None:
    """Write `data` so that `path` is at any moment the old file or the whole new one.

    The bytes go to a temporary file in the same folder, are flushed to the disk, and take the
    place of `path` in one rename; links are followed, permissions of an old file are kept.
    What is written to the null device is thrown away.
    times: of access and modification, in nanoseconds, if not now.
    Raises WriteError, with the old file intact and no temporary file left.
    """
    if is_null(path):
        return
    found = special(path)  # since the plan was made
    if found is not None:
        raise WriteError(refusal(path, found))
    target = Path(os.path.realpath(path))
    try:
        _replace(target, data, times)
    except OSError as error:
        reason = error.strerror or str(error)
        raise WriteError(f"{name_of(path)}: cannot be written: {reason}") from error


def _replace(target: Path, data: bytes, times: tuple[int, int] | None) -> None:
    """Write a temporary file beside `target`, flush it and rename it."""
    with flushed(target, data, times) as temporary:
        if target.exists():
            shutil.copymode(target, temporary)
        move(temporary, target)


def move(temporary: Path, target: Path) -> None:
    """Let a file take the place of another. Raises OSError.

    On Windows that fails while another program (one against viruses, an index) reads either of
    them, which takes a moment: then it is tried again.
    """
    for wait in _WAITS if os.name == "nt" else ():
        try:
            temporary.replace(target)
            return
        except PermissionError:
            time.sleep(wait)
    temporary.replace(target)


@contextlib.contextmanager
def flushed(target: Path, data: bytes, times: tuple[int, int] | None) -> Iterator[Path]:
    """A temporary file of `data` beside `target`, safe on the disk, to be put in its place.

    Afterwards it is gone, and what was done in the folder is on the disk too. Raises OSError.
    """
    pid = os.getpid()
    name = f"{TEMPORARY}{_HOST}-{pid}-{born(pid) or _TOKEN}-{secrets.token_hex(4)}"
    temporary = target.with_name(name)
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if times is not None:
            os.utime(temporary, ns=times)
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)
    _flush_folder(target.parent)


def _flush_folder(folder: Path) -> None:
    """Make a rename survive a power cut, where the system can flush a folder.

    Windows and some network file systems cannot, nor can anybody in a folder that he may not
    read; the file itself is whole and in place by then.
    """
    if os.name != "posix":
        return
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def remove_litter(folder: Path) -> list[Path]:
    """Remove the temporary files that killed processes left in `folder`; return what went.

    A file of a living process stays. Where that cannot be known (another host on a shared
    folder, Windows) a file stays until it is a day old.
    """
    removed = []
    for path in folder.glob(TEMPORARY + "*"):
        try:
            if not _abandoned(path):
                continue
            path.unlink()
        except OSError:  # another process was faster, or the folder is read-only
            continue
        removed.append(path)
    return removed


def _abandoned(path: Path) -> bool:
    """Whether the process that wrote this temporary file is gone."""
    host, _, rest = path.name.removeprefix(TEMPORARY).partition("-")
    pid, _, rest = rest.partition("-")
    mark = rest.partition("-")[0]
    if host != _HOST or not pid.isdigit() or os.name != "posix":
        return time.time() - path.stat().st_mtime > _DAY
    if int(pid) == os.getpid():
        return mark != (born(os.getpid()) or _TOKEN)
    return not running(int(pid), mark)


def running(pid: int, mark: str = "") -> bool:
    """Whether a process of this number runs here; with its mark by `born`, whether that one does.

    Numbers are given again: in a container that is started again the same program has the same.
    """
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    found = born(pid)
    return not (found and mark) or found == mark


def born(pid: int) -> str:
    """When a process started, as the system counts time; "" where it does not say."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
