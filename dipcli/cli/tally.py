"""How far a folder is, and how long the rest of it takes."""

import time
from collections.abc import Callable

from dipcli.batch.outcome import Outcome, Status


class Tally:
    """Counts pictures as they begin and end, on this machine or elsewhere."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """clock: seconds."""
        self._clock = clock
        self.total = 0  # pictures that are done or may still be
        self.done = 0
        self.failed = 0
        self.at_hand: dict[str, float] = {}  # name -> when it began
        self.slots = 1  # pictures that were at hand at the same time, at most
        self._made = 0
        self._spent = 0.0  # seconds that those made took, each by itself

    def start(self, name: str) -> None:
        """This picture is at hand."""
        self.at_hand[name] = self._clock()
        self.slots = max(self.slots, len(self.at_hand))

    def leave(self, name: str) -> None:
        """It is no longer, without an end."""
        self.at_hand.pop(name, None)

    def finish(self, outcome: Outcome) -> None:
        """It came to its end; a failed one is no progress, one up to date took no time."""
        began = self.at_hand.pop(outcome.name, None)
        if outcome.status not in (Status.DONE, Status.PARTIAL, Status.UP_TO_DATE):
            self.total -= 1
            self.failed += outcome.bad
            return
        self.done += 1
        if began is not None and outcome.status is not Status.UP_TO_DATE:
            self._made += 1
            self._spent += self._clock() - began

    def left(self, part: float = 0.0) -> float | None:
        """Seconds until all are done, if nothing changes; None before anything is known.

        part: how much of the one picture at hand is done, 0 to 1, where that is known.
        """
        now = self._clock()
        ages = [now - began for began in self.at_hand.values()]
        known = len(ages) == 1 and part > 0
        if not self._made and not known:
            return None
        mean = self._spent / self._made if self._made else ages[0] / part
        rest = ages[0] / part - ages[0] if known else sum(max(0.0, mean - age) for age in ages)
        waiting = self.total - self.done - len(ages)
        return (rest + mean * max(0, waiting)) / self.slots
