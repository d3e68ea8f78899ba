"""`dip sweep`: a grid of settings for each task, made from what the tasks declare."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from dipcli.cli.commands import PREFIX, RestoringCommand, command_of
from dipcli.cli.options import NAME, HeadedOption
from dipcli.errors import UsageError
from dipcli.settings import FIRST
from dipcli.tasks import TASKS, Task

if TYPE_CHECKING:
    from dipcli.batch.sweep import Cell
    from dipcli.cli.render import Console

# What a sweep has by itself (all curves, a sheet, going on from what is done), or has not.
_NOT_ITS_OWN = ("curve", "checkpoint", "shard", "no_browser")
_SHARED = ("preset", "seed")  # what can be varied beside a task's own options and settings
_NEAREST = 3
_NOTHING = "it changes nothing with these settings"


class Sweeps(click.Group):
    """A command for each task."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the tasks that take pictures."""
        return [name for name, task in TASKS.items() if task.takes_picture]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, or None if there is no such task."""
        return sweep_of(TASKS[cmd_name]) if cmd_name in self.list_commands(ctx) else None


@click.group("sweep", cls=Sweeps, context_settings={"help_option_names": ["-h", "--help"]})
def sweep() -> None:
    """Try a grid of settings: a table, a contact sheet and curves.

    \b
    dip sweep denoise noisy.png --vary lr=0.1,0.01 --vary input-depth=2,32 -o grid

    Every other option of the task's own command can be given. Run the same line again to go on.
    """


def sweep_of(task: type[Task[Any, Any]]) -> click.Command:
    """The sweep over a task: its command, with --vary."""
    vary = HeadedOption(
        ["--vary", "vary"],
        heading=FIRST,
        multiple=True,
        metavar="FIELD=V1,V2",
        allow_from_autoenv=False,
        help="Values of an option to try; a list in one is written 16:32:64.",
    )
    output = HeadedOption(
        ["-o", "--output"],
        heading=FIRST,
        type=NAME,
        metavar="FOLDER",
        help="Folder of the results, their table, sheet and curves.",
    )
    params = [one for one in command_of(task).params if one.name not in (*_NOT_ITS_OWN, "output")]
    return RestoringCommand(
        task.name,
        params=[params[0], vary, output, *params[1:]],
        callback=lambda **values: sweeping(task, values),
        help=f"Try a grid of settings.\n\n\b\ndip sweep {task.name} a.png --vary lr=1,0.1 -o grid",
        short_help=task.help().splitlines()[0],
        context_settings={
            "help_option_names": ["-h", "--help"],
            "auto_envvar_prefix": f"{PREFIX}_{task.name.upper()}",
        },
    )


def sweeping(task: type[Task[Any, Any]], values: dict[str, Any]) -> int:
    """Do what the command was asked for; returns the exit code."""
    from dipcli.cli import config

    try:
        return _sweeping(task, values)
    except UsageError as error:
        place = config.place_of_error(str(error))
        if place is None:
            raise
        raise UsageError(f"{place}: {error}") from error


def _sweeping(task: type[Task[Any, Any]], values: dict[str, Any]) -> int:
    from dipcli.batch.sweep import Describing, plan_grid
    from dipcli.batch.sweep_files import Summary
    from dipcli.cli.planned import show_plan
    from dipcli.cli.render import Console
    from dipcli.cli.restoring import RunOptions, carry_out, places_of

    _check_paths(task, values)
    varied = _varied(task, values.pop("vary"))
    values = {**values, **dict.fromkeys(_NOT_ITS_OWN)}
    run_options = RunOptions(**{name: values[name] for name in RunOptions.__dataclass_fields__})
    console = Console(quiet=run_options.quiet, as_json=run_options.as_json)
    cells = _cells(task, varied, values, console)
    grid = plan_grid(cells, places_of(values))
    summary = Summary(grid, overwrite=values["overwrite"])
    request = cells[0].request
    if run_options.dry_run:
        return show_plan(grid.plan, request, console, grid.described)
    return carry_out(
        grid.plan,
        request,
        run_options,
        console,
        lambda reporter: Describing(reporter, grid),
        lambda outcomes: summary.write(outcomes, console.say),
    )


def _check_paths(task: type[Task[Any, Any]], values: Mapping[str, Any]) -> None:
    """Raise UsageError for a mask that is to be painted: cells are made by the hundred."""
    from dipcli.cli.painting import PAINT

    for one in task.companions:
        if values[one.name] == PAINT:
            raise UsageError(f"--{one.name} {PAINT}: a sweep needs a mask in a file")


def _varied(
    task: type[Task[Any, Any]], given: Sequence[str]
) -> dict[str, list[tuple[str, object]]]:
    """The fields in their order, with each value as typed and as it is understood."""
    if not given:
        raise UsageError("nothing to try; give --vary FIELD=V1,V2")
    context = click.get_current_context()
    known = _fields(task, context)
    found: dict[str, list[tuple[str, object]]] = {}
    for text in given:
        name, equals, listed = text.partition("=")
        flag = name.strip().lstrip("-").replace("_", "-")
        if not equals or not listed.strip():
            raise UsageError(f"--vary {text}: write FIELD=V1,V2, such as lr=0.1,0.01")
        option = known.get(flag)
        if option is None or option.name is None:
            raise UsageError(f"--vary {text}: unknown field {flag!r}; {_nearest(flag, known)}")
        if flag in found:
            raise UsageError(f"--vary {flag} is given twice; put all its values into one")
        if context.get_parameter_source(option.name) is ParameterSource.COMMANDLINE:
            raise UsageError(f"--{flag} is given and varied; leave one of them out")
        found[flag] = _values(text, listed, option, context)
    return found


def _fields(task: type[Task[Any, Any]], context: click.Context) -> dict[str, click.Option]:
    """The options that can be varied, by their flags: what a record holds of a request."""
    from dataclasses import fields

    from dipcli.settings import spec_of

    names = {one.name for one in fields(task.Options)}
    names |= {one.name for one in fields(task.Settings) if spec_of(one).flag} | set(_SHARED)
    return {
        one.name.replace("_", "-"): one
        for one in context.command.params
        if isinstance(one, click.Option) and one.name in names
    }


def _nearest(flag: str, known: Mapping[str, object]) -> str:
    near = difflib.get_close_matches(flag, known, _NEAREST)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"choose from {', '.join(sorted(known))}"


def _values(
    text: str, listed: str, option: click.Option, context: click.Context
) -> list[tuple[str, object]]:
    """Each value as typed and as understood; UsageError for one that is none, or comes twice."""
    from dipcli.cli import types

    lists = option.type in (types.NUMBERS, types.STRENGTH) or (
        isinstance(option.type, types.ParsedType) and "," in (option.metavar or "")
    )
    found: list[tuple[str, object]] = []
    for one in (part.strip() for part in listed.split(",")):
        typed = one.replace(":", ",") if lists else one
        try:
            value = option.type.convert(typed, option, context)
        except click.BadParameter as error:
            raise UsageError(f"--vary {text}: {error.message.rstrip('.')}") from error
        if any(value == other for _, other in found):
            raise UsageError(f"--vary {text}: {one} is there twice; once is enough")
        found.append((one, value))
    return found


def _cells(
    task: type[Task[Any, Any]],
    varied: Mapping[str, Sequence[tuple[str, object]]],
    values: Mapping[str, Any],
    console: Console,
) -> list[Cell]:
    """The product, each cell checked as its own command would be; raises UsageError."""
    from dipcli.batch.preparing import tell_unused
    from dipcli.batch.sweep import Cell
    from dipcli.cli.restoring import RunOptions, check, idle_of, request_of, without_idle

    run_options = RunOptions(**{name: values[name] for name in RunOptions.__dataclass_fields__})
    cells: list[Cell] = []
    idle: list[frozenset[str]] = []  # of each cell
    told: dict[str, None] = {}
    for combination in itertools.product(*varied.values()):
        chosen = dict(zip(varied, combination, strict=True))
        own = {name.replace("-", "_"): value for name, (_, value) in chosen.items()}
        request = request_of(task, {**values, **own})
        options = task.Options().override(**request.options)
        kinds = task.possible_settings(options, request.preset, **request.overrides)
        check(request, kinds, values, run_options)
        telling = tell_unused(request, *kinds, seed=True)
        if telling:
            told[telling] = None
            request = without_idle(request, kinds)
        idle.append(idle_of(kinds))
        typed = {name: text for name, (text, _) in chosen.items()}
        cells.append(Cell(values=typed, request=request))
    for flag in varied:
        if flag.replace("-", "_") in frozenset.intersection(*idle):
            raise UsageError(f"--vary {flag}: {next(iter(told), _NOTHING)}")
    for telling in told:
        console.say(telling)
    return cells
