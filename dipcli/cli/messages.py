"""Standard error as this program uses it: a message that cannot be written is no reason to fail."""

import contextlib
import io
import os
import sys
from typing import TextIO, cast

from dipcli.batch.streams import put

_GRACE = 0.0  # seconds; no message is waited for when there is hurry


class Messages(io.TextIOBase):
    """Text to a file descriptor, at once; what cannot be written is lost, and nobody is told."""

    def __init__(self, handle: int, encoding: str) -> None:
        """encoding: what it cannot say is written as an escape."""
        self._handle = handle
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """How text becomes bytes."""
        return self._encoding

    @property
    def errors(self) -> str:  # type: ignore[override]
        """What becomes of what the encoding lacks."""
        return "backslashreplace"

    def write(self, text: str) -> int:
        """Write the text; a full disk, a closed pipe or a lost terminal are no errors."""
        data = text.encode(self._encoding, self.errors)
        with contextlib.suppress(OSError):
            put(self._handle, data, _GRACE)
        return len(text)

    def writable(self) -> bool:
        """Always."""
        return True

    def isatty(self) -> bool:
        """Whether somebody watches."""
        return os.isatty(self._handle)

    def fileno(self) -> int:
        """The file descriptor."""
        return self._handle


def guard_streams() -> None:
    """Make `sys.stderr` forgiving, and let no file become one of the standard streams.

    Where a program is started with one of them closed, the next file it opens takes its number,
    and what any library prints goes into that file.
    """
    for handle in (0, 1, 2):
        try:
            os.fstat(handle)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
    if sys.stderr is not sys.__stderr__:
        return  # somebody else's, who is in charge of it
    encoding = "utf-8" if sys.stderr is None else sys.stderr.encoding
    sys.stderr = cast(TextIO, Messages(2, encoding))
