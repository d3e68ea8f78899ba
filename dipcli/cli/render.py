"""What the user sees: bars on a terminal, plain lines elsewhere, JSON lines on stdout."""

import contextlib
import json
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Self

import click

from dipcli.batch.outcome import Outcome, Status, finite
from dipcli.batch.streams import put_out
from dipcli.observers import Reading
from dipcli.system.naming import printable
from dipcli.tasks import TASKS


class Console:
    """Lines to stderr, and with --json one object per picture to stdout."""

    def __init__(self, *, quiet: bool, as_json: bool) -> None:
        """quiet: errors only."""
        self.quiet = quiet
        self.as_json = as_json
        self._began = time.monotonic()

    def say(self, text: str) -> None:
        """A message, unless quiet."""
        if not self.quiet:
            click.echo(f"dip: {printable(text)}", err=True)

    def line(self, text: str) -> None:
        """A line about a picture, as it is, unless quiet."""
        if not self.quiet:
            click.echo(text, err=True)

    def error(self, text: str) -> None:
        """An error in one line, always."""
        click.echo(f"dip: {printable(text)}", err=True)

    def errors(self, outcomes: Iterable[Outcome]) -> None:
        """The errors of all pictures; what several share, such as a collision, is told once."""
        for text in dict.fromkeys(outcome.message for outcome in outcomes if outcome.bad):
            self.error(text)

    def json(self, value: dict[str, Any]) -> None:
        """One JSON line, if asked for."""
        if self.as_json:
            line = json.dumps(finite(value), allow_nan=False) + "\n"
            with contextlib.suppress(BlockingIOError):  # interrupted, and nobody reads
                put_out(line.encode())

    def summary(self, outcomes: list[Outcome], *, total: int, code: int) -> None:
        """How many pictures came to which end."""
        counts = Counter(str(outcome.status) for outcome in outcomes)
        undone = total - len(outcomes)
        seconds = time.monotonic() - self._began
        ends = [f"{counts[status]} {status}" for status in Status if counts[status]]
        if undone:
            ends.append(f"{undone} not begun")
        word = "picture" if total == 1 else "pictures"
        self.line(f"{total} {word}: {', '.join(ends)} in {duration(seconds)}")
        found = {str(status).replace(" ", "_"): counts[status] for status in Status}
        self.json(
            {
                "summary": True,
                "pictures": total,
                **found,
                "not_begun": undone,
                "seconds": round(seconds, 3),
                "exit_code": code,
            }
        )


def duration(seconds: float) -> str:
    """Seconds as 8.3 s, 4:05 or 2:04:05."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def result_line(outcome: Outcome, *, verbose: bool = False) -> str:
    """A picture's end in one line."""
    record = outcome.record
    if outcome.status in (Status.DONE, Status.PARTIAL):
        parts = [f"{outcome.name} -> {outcome.output}"]
        if outcome.status is Status.PARTIAL:
            parts.append("partial")
        parts += _found_damage(record) + _scores(record)
        parts.append(f"step {record['stopped_at']}")
        parts.append(duration(float(str(record["seconds"]))))
        parts.append(str(record["device"]))
    elif outcome.status is Status.UP_TO_DATE:
        parts = [f"{outcome.output} is up to date", *_scores(record)]
    else:
        parts = [outcome.message or f"{outcome.name}: {outcome.status}"]
    line = printable("  ".join(parts))
    if verbose and record:
        line += "\n" + "\n".join(f"    {key}: {_short(value)}" for key, value in record.items())
    return line


def _found_damage(record: Any) -> list[str]:
    """What was found wrong with the input, where something was done about it, or could be."""
    notes = record.get("notes", {})
    task = TASKS.get(str(record.get("task")))
    told = (task is not None and task.tells_damage) or notes.get("restored")
    return [f"({notes['found']})"] if told and "found" in notes else []


def _scores(record: Any) -> list[str]:
    shown = []
    if record.get("psnr") is not None:
        shown.append(f"PSNR {record['psnr']:.2f} dB")
    if record.get("ssim") is not None:
        shown.append(f"SSIM {record['ssim']:.4f}")
    return shown


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 400 else text[:397] + "..."


class Plain(AbstractContextManager["Plain"]):
    """One line per picture; nothing moves. Errors are listed by the end of the run."""

    def __init__(self, console: Console, *, verbose: bool) -> None:
        """verbose: show each record."""
        self.console = console
        self.verbose = verbose

    def __enter__(self) -> Self:
        """Nothing to prepare."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing to clear away."""

    def begin(self, total: int) -> None:
        """Nothing is shown before the first picture is done."""

    def start(self, name: str) -> None:
        """Nothing is shown before the picture is done."""

    def leave(self, name: str) -> None:
        """Nothing was shown of it."""

    def step(self, reading: Reading) -> None:
        """Steps are not shown."""

    def note(self, text: str) -> None:
        """A warning."""
        self.console.say(text)

    def finish(self, outcome: Outcome) -> None:
        """The line of a picture."""
        self.console.json(outcome.to_json())
        if not outcome.bad:
            self.console.line(result_line(outcome, verbose=self.verbose))
