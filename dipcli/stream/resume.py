"""What a restoration has to know to go on in another process as if it had never stopped.

Its parts (an ensemble, one run of it, a filter) are generators, one within another or one after
another. Each says at its beginning which object holds what changes in it. While all of them rest
between two steps, the states of these objects together are the state of the restoration.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Protocol, TypeVar


class Stateful(Protocol):
    """Something whose state can be taken out and put back."""

    def state_dict(self) -> dict[str, Any]:
        """All that changes in it, as it stands: later steps may change what is in it."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Be as it was when this state was taken."""
        ...


class AttributeState:
    """Something whose attributes are its state."""

    def state_dict(self) -> dict[str, Any]:
        """The attributes by name."""
        return dict(vars(self))

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Set the attributes."""
        vars(self).update(state)


@dataclass
class Part:
    """A part at work: what changes in it, its last step so far, and whether that is its last."""

    subject: Stateful
    last: Any = None
    ended: bool = False


S = TypeVar("S", bound=Stateful)
T = TypeVar("T")


class ResumeState:
    """The state of a restoration, in parts; `seconds` were spent on it before this process."""

    def __init__(self, saved: Mapping[str, Any] | None = None) -> None:
        """saved: a state to go on from; None: begin."""
        self.seconds = float(saved["seconds"]) if saved else 0.0
        self._saved: dict[str, Any] = dict(saved["parts"]) if saved else {}
        self._parts: dict[str, Part] = {}  # an inner or later part after an outer or earlier one
        self._began = perf_counter()

    def state_dict(self) -> dict[str, Any]:
        """Everything; to be taken while the restoration rests between two steps.

        Of a part that has ended its last step is all that counts, and so it is of what is at
        work around the innermost one, whose last step makes theirs anew.
        """
        innermost = next(reversed(self._parts), None)
        parts = {
            name: {
                "state": part.subject.state_dict(),
                "last": part.last if part.ended or name == innermost else None,
                "ended": part.ended,
            }
            for name, part in self._parts.items()
        }
        return {"seconds": self.seconds + perf_counter() - self._began, "parts": parts}

    def register(self, name: str, subject: S) -> S:
        """Hold `subject` from now on; it is restored if it was saved under this name."""
        self._begin(name, subject)
        return subject

    def resumable(
        self,
        name: str,
        steps: Callable[[T | None], Iterator[T]],
        subject: Stateful | None = None,
    ) -> Iterator[T]:
        """The steps of a part; one that was saved begins with its last step before.

        steps: makes those after a given one, None for all; subject: what changes in the part
        beside its last step, loaded before the steps are made.
        """
        part = self._begin(name, AttributeState() if subject is None else subject)
        try:
            if part.last is not None:
                yield part.last
            if not part.ended:
                for step in steps(part.last):
                    part.last = step
                    yield step
        finally:
            self._end(name, part)

    def _begin(self, name: str, subject: Stateful) -> Part:
        """Begin a part. If one of this name began before, the parts after it are forgotten."""
        if name in self._parts:
            self._drop_after(name)
            self._saved.clear()  # all that was to be gone on with has begun before
        part = self._parts[name] = Part(subject)
        saved = self._saved.pop(name, None)
        if saved is not None:
            part.last, part.ended = saved["last"], saved["ended"]
            subject.load_state_dict(saved["state"])
        return part

    def _end(self, name: str, part: Part) -> None:
        if self._parts.get(name) is part:
            self._drop_after(name)
            part.subject, part.ended = AttributeState(), True

    def _drop_after(self, name: str) -> None:
        names = list(self._parts)
        for later in names[names.index(name) + 1 :]:
            del self._parts[later]
