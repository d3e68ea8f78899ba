"""Who tells the user, as the batch sees it."""

from typing import Protocol

from dipcli.batch.outcome import Outcome
from dipcli.observers import Reading


class Reporter(Protocol):
    """Who tells the user."""

    def begin(self, total: int) -> None:
        """So many pictures are to come."""

    def start(self, name: str) -> None:
        """This picture is at hand."""

    def leave(self, name: str) -> None:
        """This picture is at hand no longer, without an end: it is another process's, or lost."""

    def step(self, reading: Reading) -> None:
        """So far is the picture at hand."""

    def note(self, text: str) -> None:
        """A line worth knowing."""

    def finish(self, outcome: Outcome) -> None:
        """A picture came to its end."""
