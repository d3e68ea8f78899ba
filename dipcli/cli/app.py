"""The group of commands, each loaded when it is used, and the way from an error to a line."""

import importlib
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from types import FrameType
from typing import Any

import click

import dipcli
from dipcli.batch import streams
from dipcli.cli import config, messages
from dipcli.errors import DipError, MemoryLimitError
from dipcli.system import memory
from dipcli.system.ending import ENDING, ignored
from dipcli.system.naming import printable

_COMMANDS = ("denoise", "superres", "inpaint", "fit", "presets", "doctor")
_PREFIX = "DIP"  # of the variables that stand for options
INTERRUPTED = 130  # 128 + the number of the signal


class RestoringCommand(click.Command):
    """A command whose defaults may come from `dip.toml`."""

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
            found = config.found_in_files(self, _options_of_all())
            config.check_environment(self, f"{_PREFIX}_{(info_name or '').upper()}")
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


def _place_of(error: click.BadParameter, found: dict[str, config.Found]) -> str | None:
    """The file or the variable that a bad value comes from, if it was not typed."""
    if error.ctx is None or error.param is None or error.param.name is None:
        return None
    return config.place_of(error.ctx, error.param.name, found)


def _options_of_all() -> set[str]:
    return {option for name in config.COMMANDS for option in config.option_names(_load(name))}


def _load(name: str) -> click.Command:
    module = importlib.import_module(f"dipcli.cli.{name}")
    command: click.Command = getattr(module, name)
    return command


class LazyGroup(click.Group):
    """Imports a command's module when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order of the help."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, or None if there is none of this name."""
        return _load(cmd_name) if cmd_name in _COMMANDS else None


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": _PREFIX},
)
@click.version_option(dipcli.__version__, message="dip %(version)s")
def app() -> None:
    """Restore one picture from itself: Deep Image Prior.

    \b
    dip denoise noisy.png -o clean.png
    dip superres small.png --scale 4
    dip inpaint torn.png --mask holes.png
    dip denoise photos/ -o clean/ --recursive
    """


def main() -> None:
    """Run the command line and exit with its code."""
    for one in ENDING:
        if not ignored(one):
            signal.signal(one, _stopped)
    messages.take_over()
    memory.reuse()
    code = run(sys.argv[1:])
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # while Python ends: no traceback
    sys.exit(code)


def run(args: Sequence[str]) -> int:
    """Run the command line; every error is one line on stderr, and the exit code is returned."""
    try:
        code = app.main(list(args), prog_name="dip", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return error.exit_code
    except click.ClickException as error:
        return _say(_with_hint(error), error.exit_code)
    except DipError as error:
        return _say(str(error), error.exit_code, "--debug" in args)
    except (KeyboardInterrupt, click.Abort):
        return _say("interrupted, nothing was written", INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # no complaint at exit
        return 1
    except OSError as error:
        where = f"{os.fsdecode(error.filename)}: " if error.filename else ""
        return _say(f"{where}{error.strerror or error}", 1, "--debug" in args)
    except MemoryError:
        return _say("out of memory; try a part with --crop", MemoryLimitError.exit_code)
    except Exception as error:  # noqa: BLE001 - the last line of defence; --debug shows all
        message = f"internal error: {type(error).__name__}: {error} (--debug shows where)"
        return _say(message, 1, "--debug" in args)
    return int(code or 0)


def _stopped(signum: int, frame: FrameType | None) -> None:
    """End at once: before a run and after it there is nothing to be finished.

    An exception would not do: raised while a library is loaded, it becomes another one.
    """
    streams.hurry_if(lambda: True)
    click.echo("dip: interrupted, nothing was written", err=True)
    os._exit(128 + signum)


def _with_hint(error: click.ClickException) -> str:
    """The message of a usage error, and which help to ask."""
    message = " ".join(error.format_message().split())
    if not isinstance(error, click.UsageError) or error.ctx is None:
        return message
    return f"{message.rstrip('.')}; see {error.ctx.command_path} --help"


def _say(message: str, code: int, trace: bool = False) -> int:
    if trace:
        traceback.print_exc()
    click.echo(f"dip: {printable(message)}", err=True)
    return code
