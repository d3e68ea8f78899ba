"""The state of a restoration in a file, to go on from after an interruption."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from dipcli.errors import CheckpointError, OutputError, WriteError
from dipcli.observers.interrupt import Interrupt
from dipcli.observers.pace import Every
from dipcli.pictures import look, name_of, publish, publish_beside
from dipcli.stream.resume import ResumeState

INTERVAL = 30.0  # seconds between saves
TIME_SHARE = 0.05  # of the time at most goes into saving


class Checkpoint:
    """Saves now and then, and at an interruption; `resume` is what the restoration runs with."""

    def __init__(
        self,
        path: Path,
        facts: Mapping[str, str],
        *,
        replace: bool,
        interrupt: Interrupt,
        note: Callable[[str], None],
    ) -> None:
        """Go on from the file if it is of this very run, of which `facts` tell; else begin.

        replace: begin anew whatever the file is; interrupt: after which it saves at once;
        note: told what the user should know. Raises OutputError for a file that is something
        else, CheckpointError for a damaged one.
        """
        self._seen = look(path)
        self._own = True  # not a foreign file, which is never removed
        self._facts = facts
        self._interrupt = interrupt
        self._note = note
        self._every = Every(INTERVAL)
        self.resume = self._load(replace)

    def __call__(self, step: object) -> None:
        """Save, if it is time; a failure is told and the run goes on."""
        if not (self._every.due() or self._interrupt.came):
            return
        from dipcli.observers.packing import encode

        began = time.monotonic()
        try:
            self._save(encode(self.resume.state_dict(), self._facts))
        except WriteError as error:
            self._note(f"no checkpoint: {error}")
        self._every.rest((time.monotonic() - began) / TIME_SHARE)

    def remove(self) -> None:
        """The result is there: nothing is left to go on with."""
        if self._own and self._seen.mark is not None and self._seen.still:
            self._seen.path.unlink(missing_ok=True)

    def _save(self, data: bytes) -> None:
        """Write the state over the last one; beside it if something else stands there now."""
        saved = publish(self._seen, data)
        if saved is None:
            path = self._seen.path
            saved = publish_beside(path, data)
            self._note(
                f"{name_of(path)} was changed by something else and is left as it is; "
                f"the checkpoint is in {name_of(saved.path)}"
            )
        self._seen, self._own = saved, True

    def _load(self, replace: bool) -> ResumeState:
        from dipcli.observers.packing import decode, facts_of

        path = self._seen.path
        data = path.read_bytes() if path.exists() else b""
        if not data:
            return ResumeState()
        name = name_of(path)
        try:
            facts = facts_of(data)
            self._own = facts is not None
            if facts == self._facts:
                resume = ResumeState(decode(data))
                self._note(f"going on from {name}, {resume.seconds:.0f} s in")
                return resume
        except CheckpointError as error:
            if not replace:
                raise CheckpointError(f"{name} is damaged; --overwrite begins anew") from error
        if not replace:
            raise OutputError(_refusal(name, facts, self._facts))
        return ResumeState()


def _refusal(name: str, found: Mapping[str, str] | None, wanted: Mapping[str, str]) -> str:
    """Why a file is not gone on from, and what to do."""
    if found is None:
        return f"{name} is not a checkpoint; name another file, or --overwrite replaces it"
    other = " and ".join(what for what in wanted if found.get(what) != wanted[what])
    return (
        f"{name} is the checkpoint of a run with another {other}; "
        "name another file, or --overwrite begins anew"
    )
