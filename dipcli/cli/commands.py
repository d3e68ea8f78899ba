"""Commands made from what the tasks declare: flags, their types and help, and what they start."""

from __future__ import annotations

from dataclasses import Field, fields
from typing import Any

import click

from dipcli.cli import config, types
from dipcli.cli.options import (
    HEADINGS,
    NAME,
    NETWORK,
    OF_PICTURES,
    HeadedOption,
    inputs,
    leading_options,
    trailing_options,
)
from dipcli.settings import AUTO, FIRST, Spec, in_order, spec_of
from dipcli.tasks import Task
from dipcli.tasks.companions import Companion

PREFIX = "DIP"  # of the variables that stand for options
_FORMS = {
    "duration": types.DURATION,
    "sigma": types.SIGMA,
    "strength": types.STRENGTH,
    "fraction": types.FRACTION,
}
_METAVARS = {"int": "N", "float": "X", "bool": "yes|no", "tuple[int, ...]": "N,N,..."}


class RestoringCommand(click.Command):
    """A command whose defaults may come from `dip.toml`, with its help under headings."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Put what the files say below flags and environment; errors name what they come from."""
        found: dict[str, config.Found] = {}
        if not {"-h", "--help"} & set(args) and not extra.get("resilient_parsing"):
            found = config.found_in_files(self, _names_of_all(parent))
            config.check_environment(self, f"{PREFIX}_{(info_name or '').upper()}")
            extra["default_map"] = {name: one.value for name, one in found.items()}
        try:
            context = super().make_context(info_name, args, parent, **extra)
        except click.BadParameter as error:
            place = _place_of(error, found)
            if place is None:
                raise
            message = f"{place}: {error.format_message()}"
            raise click.UsageError(message, error.ctx) from error
        config.remember(context, found)
        return context

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """What most people need first, the network last."""
        for heading in HEADINGS:
            rows = [
                row
                for one in self.get_params(ctx)
                if _heading(one) == heading and (row := one.get_help_record(ctx))
            ]
            if rows:
                with formatter.section(heading):
                    formatter.write_dl(rows)


def _heading(one: click.Parameter) -> str:
    """Under which it stands; an argument stands in the usage line."""
    return getattr(one, "heading", FIRST) if isinstance(one, click.Option) else ""


def _place_of(error: click.BadParameter, found: dict[str, config.Found]) -> str | None:
    """The file or the variable that a bad value comes from, if it was not typed."""
    if error.ctx is None or error.param is None or error.param.name is None:
        return None
    return config.place_of(error.ctx, error.param.name, found)


def _names_of_all(group: click.Context | None) -> set[str]:
    """What the files may hold at the top level: the options of every command of the group."""
    from dipcli.tasks import TASKS

    commands: list[click.Command | None] = [command_of(task) for task in TASKS.values()]
    if group is not None and isinstance(group.command, click.Group):
        commands.append(group.command.get_command(group, config.LEARN))
    return {name for one in commands if one for name in config.option_names(one)}


def command_of(task: type[Task[Any, Any]]) -> click.Command:
    """The command of a task."""
    own = [_companion(one) for one in task.companions if one.required]
    own += [option_of(one, FIRST) for one in in_order(task.Options)]
    own += [_companion(one) for one in task.companions if not one.required]
    trailing = trailing_options(paints=any(one.paintable for one in task.companions))
    settings = [one for one in fields(task.Settings) if spec_of(one).flag]
    first = [setting_of(one, FIRST) for one in settings if spec_of(one).heading == FIRST]
    rest = [
        setting_of(one, NETWORK, hidden=spec_of(one).detail and not task.detailed)
        for one in settings
        if spec_of(one).heading != FIRST
    ]
    shared = inputs(required=not task.question)
    params = [shared, *leading_options(), *own, *first, *trailing, *rest]
    left = {} if task.takes_picture else OF_PICTURES
    params = [one for one in params if one.name not in left]
    return RestoringCommand(
        task.name,
        params=params,
        callback=lambda **values: _start(task, {**left, **values}),
        help=task.help(),
        short_help=task.help().splitlines()[0],
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def _start(task: type[Task[Any, Any]], values: dict[str, Any]) -> int:
    from dipcli.cli.restoring import restore_command

    return restore_command(task, values)


def _companion(one: Companion) -> HeadedOption:
    flags = [f"--{one.name.replace('_', '-')}", one.name]
    more = {"required": one.required, "type": NAME, "metavar": one.metavar, "help": one.help}
    return HeadedOption(flags, heading=FIRST, **more)


def option_of(one: Field[Any], heading: str) -> HeadedOption:
    """The flag of an option of a task: unset means its default, which help shows."""
    spec = spec_of(one)
    told = isinstance(one.default, str | int) or bool(spec.choices)
    default = one.default if told and one.default is not None else None
    if isinstance(default, tuple):
        default = ",".join(map(str, default))
    shown = {"default": default, "show_default": True} if default is not None else {}
    return _flag(one, heading, **({"is_flag": True} if one.type == "bool" else shown))


def setting_of(one: Field[Any], heading: str, **more: Any) -> HeadedOption:
    """The flag of a setting: unset means what the preset has."""
    return _flag(one, heading, auto=one.name in ("stop", "method"), **more)


def _flag(one: Field[Any], heading: str, *, auto: bool = False, **more: Any) -> HeadedOption:
    spec, annotation = spec_of(one), str(one.type)
    names = [f"--{one.name.replace('_', '-')}", one.name]
    if not more.get("is_flag"):
        usual = None if spec.choices or spec.form else _METAVARS.get(annotation)
        if spec.choices and annotation.startswith("tuple"):
            usual = ",".join(map(str, spec.choices))  # as they are typed
        more |= {"type": _type(annotation, spec, auto=auto), "metavar": spec.metavar or usual}
    return HeadedOption(names, heading=heading, help=spec.help, **more)


def _type(annotation: str, spec: Spec, *, auto: bool = False) -> click.ParamType[Any]:
    """How a value is typed; auto: whether the word "auto" leaves it to the preset."""
    if spec.form:
        return _FORMS[spec.form]
    choices = tuple(map(str, spec.choices))
    if annotation.startswith("tuple") and choices:
        return types.names_of(choices, ",".join(choices))
    if annotation.startswith("tuple"):
        return types.NUMBERS
    if choices and "int" in annotation:
        return types.number_of(choices)
    if choices:
        return click.Choice((AUTO, *choices) if auto else choices)
    if annotation == "bool":
        return click.BOOL
    if "float" in annotation:
        return click.FLOAT
    if "int" in annotation:
        return click.IntRange(None if spec.low is None else int(spec.low))
    return click.STRING
