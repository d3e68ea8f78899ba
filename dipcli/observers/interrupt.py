"""Ctrl-C, SIGTERM, SIGHUP: the first ends the run after its step, the second the process."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self

from dipcli.system.ending import ENDING, ignored

_TAKEN = (signal.SIGINT, signal.SIGTERM)  # even where whoever started it has them ignored
_AT_ONCE = 2.0  # seconds after the second signal in which everything is to be put away


class Interrupt:
    """As a context it takes the signals over; as an observer it raises KeyboardInterrupt."""

    def __init__(
        self,
        announce: Callable[[], None] | None = None,
        signals: tuple[signal.Signals, ...] = ENDING,
    ) -> None:
        """announce: called at the first signal, so that something is said at once.

        A lost terminal that is to be ignored (nohup) stays ignored.
        """
        self.signum: int | None = None
        self._announce = announce
        self._signals = signals
        self._before: dict[signal.Signals, Any] = {}
        self._end: threading.Timer | None = None

    def __enter__(self) -> Self:
        """Take the signals over; outside of the main thread they stay as they are."""
        with contextlib.suppress(ValueError):
            for one in self._signals:
                if one not in _TAKEN and ignored(one):
                    continue
                self._before[one] = signal.signal(one, self._handle)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the signals back."""
        for one, handler in self._before.items():
            signal.signal(one, handler)
        if self._end is not None:
            self._end.cancel()

    def __call__(self, step: object) -> None:
        """End the run if a signal came."""
        if self.came:
            raise KeyboardInterrupt

    @property
    def came(self) -> bool:
        """Whether there was a signal."""
        return self.signum is not None

    @property
    def exit_code(self) -> int:
        """130 after Ctrl-C, 143 after SIGTERM, 129 after SIGHUP, 0 if nothing came."""
        return 0 if self.signum is None else 128 + self.signum

    def _handle(self, signum: int, frame: FrameType | None) -> None:
        if self.signum is not None:
            if self._end is None:  # if what is put away waits for somebody
                self._end = threading.Timer(_AT_ONCE, os._exit, (128 + signum,))
                self._end.daemon = True
                self._end.start()
            sys.exit(128 + signum)
        self.signum = signum
        if self._announce is not None:
            self._announce()
