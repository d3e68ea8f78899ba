"""Settings from files: ./dip.toml beats the user's own; both lie under flags and environment.

preset = "best"        # for every command

[denoise]              # for one of them
sigma = 15

A folder may come from anybody. Its dip.toml therefore says what a restoration is, never where
something is written, what is replaced, or who works: that is for the user's own file.
"""

import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import click
from click.core import ParameterSource

from dipcli.cli.options import FOR_FOLDERS, shared_options
from dipcli.errors import UsageError
from dipcli.tasks import TASKS

FILE = "dip.toml"
LEARN = "learn"  # the command beside those of the tasks that has a section
_NOT_IN_FILES = {"inputs", "help", "output", "debug", "dry_run", "vary"}
_META = "dipcli.found"  # where a context keeps what was found in files


@dataclass(frozen=True)
class Found:
    """What a file says of one parameter, and where."""

    value: object
    path: Path
    key: str
    folder: bool  # in the current folder's file, not in the user's own

    @property
    def place(self) -> str:
        """For a message."""
        return f"{self.path}, {self.key}"


def paths() -> list[Path]:
    """Where settings are looked for, the weaker first: the user's own, the folder's."""
    own, here = Path(click.get_app_dir("dip")) / FILE, Path(FILE)
    same = own.is_file() and here.is_file() and own.samefile(here)
    return [own] if same else [own, here]


def found_in_files(command: click.Command, others: set[str]) -> dict[str, Found]:
    """What the files say for this command: parameter name -> value and place.

    others: parameters of the other commands, which may stand at the top level too.
    Raises UsageError for an unknown key, with the nearest known one, for a value that is no
    text, number or list, and for a key that a folder may not set.
    """
    own = {_plain(flag): one for one in options_of(command) for flag in _long(one)}
    found: dict[str, Found] = {}
    for level, path in enumerate(paths()):
        table = _load(path)
        top = {key: value for key, value in table.items() if not isinstance(value, dict)}
        _check(path, "", top, set(own) | others)
        sections = {key for key, value in table.items() if isinstance(value, dict)}
        _check(path, "", dict.fromkeys(sections), {*TASKS, LEARN})
        section = table.get(command.name or "", {})
        assert isinstance(section, dict)
        _check(path, f"[{command.name}] ", section, set(own))
        for key, value in {**top, **section}.items():
            option = own.get(_plain(key))
            if level:
                _check_folder(path, key, option)
            if option is not None and option.name:
                typed = _typed(path, key, value, option)
                found[option.name] = Found(typed, path, key, folder=bool(level))
    return found


def options_of(command: click.Command) -> list[click.Option]:
    """The options that a file may hold."""
    return [
        one
        for one in command.params
        if isinstance(one, click.Option) and one.name and one.name not in _NOT_IN_FILES
    ]


def option_names(command: click.Command) -> set[str]:
    """Their names as a file has them: long, with underscores."""
    return {_plain(flag) for one in options_of(command) for flag in _long(one)}


def check_environment(command: click.Command, prefix: str) -> None:
    """Raise UsageError for a variable that would be one of this command, but for a typo."""
    names = (one.name for one in command.params if isinstance(one, click.Option))
    known = {f"{prefix}_{name.upper()}" for name in names if name}
    for variable, value in os.environ.items():
        if value and variable.startswith(f"{prefix}_") and variable not in known:
            raise UsageError(f"{variable}: no such setting{_nearest(variable, known)}")


def remember(context: click.Context, found: Mapping[str, Found]) -> None:
    """Keep with the context what was found in files."""
    context.meta[_META] = found


def folder_settings() -> list[str]:
    """The settings of the current command that the folder's dip.toml decides."""
    context = click.get_current_context()
    found: Mapping[str, Found] = context.meta[_META]
    return sorted(
        _plain(one.key)
        for name, one in found.items()
        if one.folder and context.get_parameter_source(name) is ParameterSource.DEFAULT_MAP
    )


def place_of(context: click.Context, name: str, found: Mapping[str, Found]) -> str | None:
    """Where a parameter has its value from, if from a file or from the environment."""
    source = context.get_parameter_source(name)
    if source is ParameterSource.DEFAULT_MAP and name in found:
        return found[name].place
    if source is ParameterSource.ENVIRONMENT:
        return f"{context.auto_envvar_prefix}_{name.upper()}"
    return None


def place_of_error(message: str) -> str | None:
    """The place of the value that an error speaks of, if it was not typed.

    An error names either the setting first, or the value, as that of a path.
    """
    context = click.get_current_context()
    for name, value in context.params.items():
        speaks = isinstance(value, str | Path) and len(str(value)) > 2 and str(value) in message
        if speaks or message.startswith(f"{name} "):
            place = place_of(context, name, context.meta[_META])
            if place is not None:
                return place
    return None


def _long(option: click.Option) -> list[str]:
    return [flag for flag in option.opts if flag.startswith("--")]


def _plain(key: str) -> str:
    return key.lstrip("-").replace("-", "_")


def _load(path: Path) -> dict[str, object]:
    if not path.is_file():
        return {}
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error


def _check(path: Path, where: str, table: dict[str, object], known: set[str]) -> None:
    for key in table:
        if _plain(key) not in known:
            raise UsageError(
                f"{path}: unknown setting {where}{key!r}{_nearest(_plain(key), known)}"
            )


def _nearest(name: str, known: set[str]) -> str:
    near = difflib.get_close_matches(name, sorted(known), 1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _check_folder(path: Path, key: str, option: click.Option | None) -> None:
    """Raise UsageError for what is not a folder's to set; options of other tasks are let be."""
    name = _plain(key) if option is None else option.name
    if name in shared_options() and name not in FOR_FOLDERS:
        flag = "--" + _plain(key).replace("_", "-")
        raise UsageError(
            f"{path}: {key!r} is not for a folder to set; give {flag}, or set it in {paths()[0]}"
        )


def _typed(path: Path, key: str, value: object, option: click.Option) -> object:
    """A value as it would be typed, so that 5.5 is no whole number and true no number at all."""
    if isinstance(value, bool) and option.is_flag:
        return value
    if isinstance(value, list):
        return ",".join(map(str, value))
    if isinstance(value, str | int | float):
        return str(value)
    raise UsageError(
        f"{path}, {key}: {value} is neither a text nor a number nor a list; put it into quotes"
    )
