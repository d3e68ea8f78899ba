"""Now and then: work that is worth doing at intervals, whatever a step takes."""

import time


class Every:
    """Says when it is time again: at most once in so many seconds, the work not counted."""

    def __init__(self, seconds: float, *, at_once: bool = False) -> None:
        """at_once: the first time is now, else after `seconds`."""
        self._seconds = seconds
        self._next = time.monotonic() + (0 if at_once else seconds)

    def due(self) -> bool:
        """Whether it is time."""
        return time.monotonic() >= self._next

    def rest(self, least: float = 0.0) -> None:
        """The work was done: it is time again after the interval, or `least` seconds if longer."""
        self._next = time.monotonic() + max(self._seconds, least)
