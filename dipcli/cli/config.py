"""Settings from files: ./dip.toml beats the user's own; both lie under flags and environment.

preset = "best"        # for every command

[denoise]              # for one of them
sigma = 15
"""

import difflib
import tomllib
from pathlib import Path

import click

from dipcli.errors import UsageError

FILE = "dip.toml"
COMMANDS = ("denoise", "superres", "inpaint", "fit")
_NOT_IN_FILES = {"inputs", "help", "output", "debug", "dry_run"}


def paths() -> list[Path]:
    """Where settings are looked for, the weaker first."""
    return [Path(click.get_app_dir("dip")) / FILE, Path(FILE)]


def default_map(command: click.Command, others: set[str]) -> dict[str, object]:
    """What the files say for this command: parameter name -> value.

    others: parameters of the other commands, which may stand at the top level too.
    Raises UsageError for an unknown key, with the nearest known one.
    """
    own = option_names(command)
    found: dict[str, object] = {}
    for path in paths():
        table = _load(path)
        top = {key: value for key, value in table.items() if not isinstance(value, dict)}
        _check(path, "", top, set(own) | others)
        sections = {key for key, value in table.items() if isinstance(value, dict)}
        _check(path, "", dict.fromkeys(sections), set(COMMANDS))
        section = table.get(command.name or "", {})
        assert isinstance(section, dict)
        _check(path, f"[{command.name}] ", section, set(own))
        for key, value in {**top, **section}.items():
            if _plain(key) in own:
                found[own[_plain(key)]] = value
    return found


def option_names(command: click.Command) -> dict[str, str]:
    """The options that a file may hold: long name with underscores -> parameter name."""
    return {
        _plain(flag): parameter.name
        for parameter in command.params
        if isinstance(parameter, click.Option) and parameter.name
        for flag in parameter.opts
        if flag.startswith("--") and parameter.name not in _NOT_IN_FILES
    }


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
            near = difflib.get_close_matches(_plain(key), known, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise UsageError(f"{path}: unknown setting {where}{key!r}{hint}")
