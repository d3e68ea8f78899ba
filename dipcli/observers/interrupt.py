"""Ctrl-C and SIGTERM: the first ends the run after its step, the second ends the process."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from dipcli.steps.step import Step


class Interrupt:
    """As a context it takes the signals over; as an observer it raises KeyboardInterrupt."""

    def __init__(
        self,
        announce: Callable[[], None] | None = None,
        signals: tuple[signal.Signals, ...] = (signal.SIGINT, signal.SIGTERM),
    ) -> None:
        """announce: called at the first signal, so that something is said at once."""
        self.signum: int | None = None
        self._announce = announce
        self._signals = signals
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        """Take the signals over; outside of the main thread they stay as they are."""
        with contextlib.suppress(ValueError):
            for one in self._signals:
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

    def __call__(self, step: Step) -> None:
        """End the run if a signal came."""
        if self.came:
            raise KeyboardInterrupt

    @property
    def came(self) -> bool:
        """Whether there was a signal."""
        return self.signum is not None

    @property
    def exit_code(self) -> int:
        """130 after Ctrl-C, 143 after SIGTERM, 0 if nothing came."""
        return 0 if self.signum is None else 128 + self.signum

    def _handle(self, signum: int, frame: FrameType | None) -> None:
        if self.signum is not None:
            sys.exit(128 + signum)
        self.signum = signum
        if self._announce is not None:
            self._announce()
