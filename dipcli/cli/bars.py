"""Progress on a terminal: a bar for the folder, a bar for the picture."""

from collections.abc import Iterable
from types import TracebackType
from typing import Self

from rich.console import Console as RichConsole
from rich.markup import escape
from rich.measure import Measurement
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TaskProgressColumn,
    TextColumn,
)
from rich.table import Column, Table
from rich.text import Text

from dipcli.batch.outcome import Outcome
from dipcli.cli.render import Console, Plain, result_line
from dipcli.cli.tally import Tally
from dipcli.observers import Reading
from dipcli.system.naming import printable

_LONGEST_NAME = 32  # letters of a name
_MOST_NAMED = 3  # pictures at hand that are named; of more the number is told
_WIDE = 10_000  # letters, more than any terminal has


class ElapsedColumn(ProgressColumn):
    """The time that went by, with its label."""

    max_refresh = 0.5

    def render(self, task: Task) -> Text:
        """0:35 so far."""
        return Text(f"{_clock(task.elapsed)} so far")


class RemainingColumn(ProgressColumn):
    """The time to come, with its label."""

    max_refresh = 0.5

    def render(self, task: Task) -> Text:
        """1:20 left; of the folder by its pictures, of a picture by its steps."""
        of_folder = task.fields.get("left")
        seconds = of_folder() if of_folder else task.time_remaining
        return Text(f"{_clock(seconds)} left")


def _clock(seconds: float | None) -> str:
    """Seconds as 0:35 or 2:04:05."""
    if seconds is None:
        return "-:--"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class ShrinkingProgress(Progress):
    """Columns that fit the terminal: name, count and time left stay, the bar goes first."""

    def make_tasks_table(self, tasks: Iterable[Task]) -> Table:
        """The table with as many columns as there is room for."""
        shown, every = list(tasks), self.columns
        if not shown:  # as while the console is not yet there
            return super().make_tasks_table(shown)
        bar, share, facts, so_far = every[1], every[2], every[4], every[5]
        dropped: list[str | ProgressColumn] = []
        try:
            for column in (None, bar, share, so_far, facts):
                dropped += [] if column is None else [column]
                self.columns = tuple(one for one in every if one not in dropped)
                table = super().make_tasks_table(shown)
                options = self.console.options.update(max_width=_WIDE)
                if Measurement.get(self.console, options, table).maximum <= self.console.width:
                    break
        finally:
            self.columns = every
        return table


class Bars(Plain):
    """Two bars; stdout is left alone, so that a picture or JSON can be piped through it.

    Of several pictures at a time the folder's bar bears the names: their steps are not seen.
    """

    def __init__(self, console: Console, *, several: bool, verbose: bool) -> None:
        """several: show the bar of the folder."""
        super().__init__(console, verbose=verbose)
        self._several = several
        self._progress = ShrinkingProgress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            MofNCompleteColumn(table_column=Column(no_wrap=True)),
            TextColumn("{task.fields[facts]}"),
            ElapsedColumn(table_column=Column(no_wrap=True)),
            RemainingColumn(table_column=Column(no_wrap=True)),
            console=RichConsole(stderr=True),
            redirect_stdout=False,
            transient=True,
            refresh_per_second=4,
        )
        self._tally = Tally()
        self._folder: TaskID | None = None
        self._picture: TaskID | None = None
        self._part = 0.0  # of the picture at hand

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
        self._tally.total = total
        if self._several:
            self._folder = self._progress.add_task(
                "pictures", total=total, facts="", left=lambda: self._tally.left(self._part)
            )

    def start(self, name: str) -> None:
        """Show a new bar for the picture, if it is the only one at hand."""
        self._remove_picture()
        self._tally.start(name)
        if self._tally.slots == 1:
            self._picture = self._progress.add_task(
                escape(self._short(name)), total=None, facts="reading"
            )
        self._show_folder()

    def leave(self, name: str) -> None:
        """Another process has it."""
        self._remove_picture()
        self._tally.leave(name)
        self._show_folder()

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
        self._part = reading.done / max(reading.total, 1)
        self._show_folder()

    def note(self, text: str) -> None:
        """A warning above the bars."""
        line = escape(f"dip: {printable(text)}")
        self._progress.console.print(line, highlight=False, soft_wrap=True)

    def finish(self, outcome: Outcome) -> None:
        """The line of a picture above the bars."""
        self._remove_picture()
        self._tally.finish(outcome)
        self._show_folder()
        self.console.json(outcome.to_json())
        if not outcome.bad:
            line = escape(result_line(outcome, verbose=self.verbose))
            self._progress.console.print(line, highlight=False, soft_wrap=True)

    def _show_folder(self) -> None:
        """How many are done; what failed is no progress, and is counted by itself."""
        if self._folder is None:
            return
        facts = [] if self._picture is not None else self._names()
        if self._tally.failed:
            facts.append(f"{self._tally.failed} failed")
        self._progress.update(
            self._folder,
            total=self._tally.total,
            completed=self._tally.done + self._part,
            facts=escape("  ".join(facts)),
        )

    def _names(self) -> list[str]:
        """The pictures at hand, in one text; none for none."""
        names = [self._short(name) for name in self._tally.at_hand]
        more = len(names) - _MOST_NAMED
        text = ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
        return [text] if text else []

    def _short(self, name: str) -> str:
        """The end of a name: at most a third of the terminal."""
        most = min(_LONGEST_NAME, max(8, self._progress.console.width // 3))
        name = printable(name)
        return name if len(name) <= most else "..." + name[3 - most :]

    def _remove_picture(self) -> None:
        self._part = 0.0
        if self._picture is not None:
            self._progress.remove_task(self._picture)
            self._picture = None
