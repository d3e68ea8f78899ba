"""Claims: several processes on one output folder never make the same picture twice.

A claim is a small file beside the output, made with O_CREAT | O_EXCL, which holds the host and
the process. It is refreshed while the work goes on; one whose process is dead, or which was not
refreshed for an hour (another host that went away), is taken over. What bears the name of a claim
and is none (a folder, a link, other bytes) is nobody's claim, and is left alone: the next name is
taken.
"""

import contextlib
import json
import os
import secrets
import socket
import stat
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from dipcli.errors import WriteError
from dipcli.observers.pace import Every
from dipcli.system.files import born, name_of, running
from dipcli.system.naming import fitting

STALE = 3600.0  # seconds without a refresh after which the owner is taken for dead
REFRESH = 30.0  # seconds between refreshes
_BEGINNING = '{"host": "'  # how a claim begins
_SET_ASIDE = "-12345678"  # as long as what a claim is called while it is taken over
_MOST_BYTES = 4096  # bytes that are looked at; a claim has 200


class Claim:
    """A picture that this process has taken; `refresh` says that it is still at work."""

    def __init__(self, path: Path) -> None:
        """Remember the file that stands for the claim."""
        self.path = path
        self._every = Every(REFRESH)

    def refresh(self) -> None:
        """Touch the file, at most every REFRESH seconds."""
        if self._every.due():
            self._every.rest()
            with contextlib.suppress(OSError):  # the folder went away: writing will tell
                os.utime(self.path)


def claim_path(output: Path) -> Path:
    """The file that claims `output`: the first of its names under which there is nothing else."""
    befores = (f".dip-claim{number or ''}-" for number in count())
    paths = (output.with_name(one + fitting(output.name, one, _SET_ASIDE)) for one in befores)
    return next(path for path in paths if not _is_foreign(path))


@contextlib.contextmanager
def claim(output: Path) -> Iterator[Claim | None]:
    """Take `output` for this process; None if another living process has it."""
    path = claim_path(output)
    pid = os.getpid()
    facts = {"host": socket.gethostname(), "pid": pid, "born": born(pid)}
    token = json.dumps({**facts, "token": secrets.token_hex(8)})
    try:
        ours = _create(path, token) or (_take_over(path) and _create(path, token))
    except OSError as error:  # what cannot be written there is the output
        why = error.strerror or error
        raise WriteError(f"{name_of(output)}: cannot be written: {why}") from error
    if not ours:
        yield None
        return
    try:
        yield Claim(path)
    finally:
        if _read(path) == token:
            _remove(path)


def remove_stale(folder: Path) -> None:
    """Remove the claims that dead processes left in `folder`."""
    for path in folder.glob(".dip-claim*-*"):
        if not _is_foreign(path):
            _take_over(path)


def owner(output: Path) -> str:
    """Who has claimed `output`, for a message."""
    try:
        facts = json.loads(_read(claim_path(output)) or "{}")
    except (ValueError, RecursionError):
        facts = {}
    return f"process {facts.get('pid', '?')} on {facts.get('host', '?')}"


def _create(path: Path, token: str) -> bool:
    try:
        file = path.open("x")
    except FileExistsError:
        return False
    try:
        with file:
            file.write(token)
    except OSError:  # the disk is full
        path.unlink(missing_ok=True)
        raise
    return True


def _take_over(path: Path) -> bool:
    """Remove the claim of a dead process; True if the way is free now."""
    found = _read(path)
    if found is None:
        return True
    if not _is_stale(path, found):
        return False
    aside = path.with_name(f"{path.name}-{secrets.token_hex(4)}")
    try:
        path.rename(aside)  # only one of several takers gets it
    except FileNotFoundError:
        return True
    except PermissionError:
        if os.name == "posix":  # nobody may write here
            raise
        return False  # Windows, while another process reads it
    ours = _read(aside) == found
    if not ours:  # a living process was faster than our rename
        _give_back(aside, path)
    _remove(aside)
    return ours


def _give_back(aside: Path, path: Path) -> None:
    """Let a claim stand where it stood, unless there is another by now."""
    try:
        os.link(aside, path)
    except FileExistsError:
        return
    except OSError:  # not every file system has hard links
        _create(path, _read(aside) or "")


def _remove(path: Path) -> None:
    """Remove a claim; on Windows it stays while another process reads it, and is stale later."""
    with contextlib.suppress(PermissionError):
        path.unlink(missing_ok=True)


def _read(path: Path) -> str | None:
    """The text of a claim; None for what is not there, and for what is no file."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return None
        with path.open("rb") as file:
            return file.read(_MOST_BYTES).decode("utf-8", "surrogateescape")
    except OSError:
        return None


def _is_foreign(path: Path) -> bool:
    """Whether something is there that no process of ours has put there, whole or in part."""
    try:
        there = path.lstat()
    except OSError:
        return False
    if not stat.S_ISREG(there.st_mode):
        return True
    found = _read(path)
    if found is None:  # of another user, whose process touches it if it lives
        return abs(time.time() - there.st_mtime) > STALE
    text = found.rstrip("\0")  # a crash of the machine leaves zeros
    return not (_BEGINNING.startswith(text) or text.startswith(_BEGINNING))


def _is_stale(path: Path, found: str) -> bool:
    try:
        age = time.time() - path.stat().st_mtime
    except OSError:
        return True
    if abs(age) > STALE:  # no clock is that far ahead
        return True
    try:
        facts = json.loads(found)
        host, pid, mark = str(facts["host"]), int(facts["pid"]), str(facts.get("born", ""))
    except (ValueError, KeyError, TypeError, RecursionError):
        return abs(age) > 1.0  # half-written by one that died there; a living one needs no second
    here = host == socket.gethostname() and os.name == "posix"
    return here and (pid <= 0 or not running(pid, mark))
