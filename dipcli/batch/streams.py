"""Writing to standard output and standard error, whoever reads there, or has stopped reading.

A write to a pipe that nobody reads lasts for ever, and a signal does not end it: Python begins it
anew (PEP 475). So it is asked before each piece whether there is room.
"""

import errno
import os
import select
import sys
import time
from collections.abc import Callable

from dipcli.errors import WriteError

GRACE = 2.0  # seconds without a reader after which a result is given up, once a signal came
_LOOK = 0.2  # seconds between looks for a signal
_PIECE = 4096  # bytes; where there is room at all there is room for so many (PIPE_BUF)


class _GivingUp:
    """Whether somebody wants this program to end."""

    asked: Callable[[], bool] | None = None


def give_up_if(asked: Callable[[], bool]) -> None:
    """From now on nobody is waited for once `asked` says so; for programs only."""
    _GivingUp.asked = asked


def put(handle: int, data: bytes, grace: float) -> None:
    """Write everything to a file descriptor; raises OSError.

    In a hurry, BlockingIOError after `grace` seconds in which nobody made room.
    """
    view = memoryview(data)
    moved = time.monotonic()
    while view:
        if _has_room(handle):
            try:
                view = view[os.write(handle, view[:_PIECE]) :]
                moved = time.monotonic()
                continue
            except BlockingIOError:  # somebody was faster
                time.sleep(_LOOK / 10)
        if _GivingUp.asked and _GivingUp.asked() and time.monotonic() - moved > grace:
            raise BlockingIOError(errno.EAGAIN, "nobody reads it")


def _has_room(handle: int) -> bool:
    """Whether a write would not wait, or would fail; waits a moment for it."""
    if not hasattr(select, "poll"):
        return True
    looker = select.poll()
    looker.register(handle, select.POLLOUT)
    return bool(looker.poll(_LOOK * 1000))


def put_out(data: bytes) -> None:
    """Write to standard output, past its buffer; raises OSError, which names it."""
    try:
        handle = sys.stdout.fileno()
    except OSError:  # replaced by something in memory
        if hasattr(sys.stdout, "buffer"):
            sys.stdout.buffer.write(data)
        else:
            sys.stdout.write(data.decode())
        return
    try:
        sys.stdout.flush()
        put(handle, data, GRACE)
    except OSError as error:
        error.filename = "standard output"
        raise


def put_picture(data: bytes) -> None:
    """Write a result to standard output; raises WriteError."""
    try:
        put_out(data)
    except BrokenPipeError as error:
        raise WriteError(
            "standard output was closed before the picture was out; give -o FILE"
        ) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise WriteError(f"standard output: cannot be written: {reason}") from error
