"""Progress on a terminal: a bar for the folder, a bar for the picture."""

from types import TracebackType
from typing import Self

from rich.console import Console as RichConsole
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from dipcli.batch.outcome import Outcome
from dipcli.cli.render import Console, Plain, ending
from dipcli.naming import printable
from dipcli.observers import Reading


class Bars(Plain):
    """Two bars; stdout is left alone, so that a picture or JSON can be piped through it."""

    def __init__(self, console: Console, *, several: bool, verbose: bool) -> None:
        """several: show the bar of the folder."""
        super().__init__(console, verbose=verbose)
        self._several = several
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[facts]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=RichConsole(stderr=True),
            redirect_stdout=False,
            transient=True,
            refresh_per_second=4,
        )
        self._folder: TaskID | None = None
        self._picture: TaskID | None = None
        self._done = 0

    def __enter__(self) -> Self:
        """Start drawing."""
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the bars away."""
        self._progress.stop()

    def begin(self, total: int) -> None:
        """Show the bar of the folder."""
        if self._several:
            self._folder = self._progress.add_task("pictures", total=total, facts="")

    def start(self, name: str) -> None:
        """Show a new bar for the picture."""
        self._remove_picture()
        name = printable(name)
        short = name if len(name) <= 32 else "..." + name[-29:]
        self._picture = self._progress.add_task(escape(short), total=None, facts="reading")

    def step(self, reading: Reading) -> None:
        """Move both bars."""
        if self._picture is None:
            return
        facts = f"{reading.stage}  loss {reading.loss:.2e}"
        if reading.psnr is not None:
            facts += f"  {reading.psnr:.2f} dB"
        if reading.device:
            facts += f"  {reading.device}"
        self._progress.update(
            self._picture, total=reading.total, completed=reading.done, facts=facts
        )
        if self._folder is not None:
            part = reading.done / max(reading.total, 1)
            self._progress.update(self._folder, completed=self._done + part)

    def note(self, text: str) -> None:
        """A warning above the bars."""
        line = escape(f"dip: {printable(text)}")
        self._progress.console.print(line, highlight=False, soft_wrap=True)

    def finish(self, outcome: Outcome) -> None:
        """The line of a picture above the bars."""
        self._remove_picture()
        self._done += 1
        if self._folder is not None:
            self._progress.update(self._folder, completed=self._done)
        self.console.json(outcome.to_json())
        if not outcome.bad:
            line = escape(ending(outcome, verbose=self.verbose))
            self._progress.console.print(line, highlight=False, soft_wrap=True)

    def _remove_picture(self) -> None:
        if self._picture is not None:
            self._progress.remove_task(self._picture)
            self._picture = None
