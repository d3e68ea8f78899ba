"""What a path leads to, told by its type alone: nothing is opened to find out."""

import os
import stat
from pathlib import Path

from dipcli.errors import OutputError
from dipcli.system.naming import printable

_STREAMS = ("/dev/stdin", "/dev/stdout", "/dev/stderr")
_DESCRIPTORS = ("/dev/fd/", "/proc/self/fd/")


def is_null(path: Path) -> bool:
    """Whether what is written there is thrown away: the null device, or a link to it."""
    try:
        found, null = path.stat(), Path(os.devnull).stat()
    except OSError:
        return False
    return stat.S_ISCHR(found.st_mode) and found.st_rdev == null.st_rdev


def special(path: Path) -> str | None:
    """What there is that is neither a file nor a folder: "a pipe", "a socket", "a device".

    None for nothing, for files and folders, and for the null device. Links are followed.
    """
    name = str(path)
    if name in _STREAMS or name.startswith(_DESCRIPTORS):  # even where it leads to a file
        return "a stream of this process"
    try:
        mode = path.stat().st_mode
    except OSError:  # nothing is there, or whoever writes there will be told why not
        return None
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode) or is_null(path):
        return None
    return "a pipe" if stat.S_ISFIFO(mode) else "a socket" if stat.S_ISSOCK(mode) else "a device"


def check_writes_file(path: Path) -> None:
    """Raise OutputError for a path that is there and holds no file: no file can take its place."""
    found = special(path)
    if found is not None:
        raise OutputError(refusal(path, found))


def refusal(path: Path, found: str) -> str:
    """Why nothing is written to what `special` found."""
    return f"{printable(str(path))} is {found}, not a file; give -o - to write a result into a pipe"
