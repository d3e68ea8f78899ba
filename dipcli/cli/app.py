"""The group of commands, each loaded when it is used, and the way from an error to a line."""

import importlib
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from types import FrameType

import click

import dipcli
from dipcli.batch import streams
from dipcli.cli import messages
from dipcli.cli.patterns import expanded
from dipcli.errors import DipError, MemoryLimitError
from dipcli.system import memory
from dipcli.system.ending import ENDING, ignored
from dipcli.system.naming import printable

_OTHERS = ("learn", "sweep", "presets", "doctor", "completion")
INTERRUPTED = 130  # 128 + the number of the signal


class LazyGroup(click.Group):
    """One command for each task, and a few others; made when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order of the help."""
        from dipcli.tasks import TASKS

        return [*TASKS, *_OTHERS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, or None if there is none of this name."""
        if cmd_name in _OTHERS:
            module = importlib.import_module(f"dipcli.cli.{cmd_name}")
            command: click.Command = getattr(module, cmd_name)
            return command
        from dipcli.cli.commands import command_of
        from dipcli.tasks import TASKS

        return command_of(TASKS[cmd_name]) if cmd_name in TASKS else None


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "DIP"},
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
            signal.signal(one, _stop_at_once)
    messages.guard_streams()
    memory.reuse()
    code = run(expanded(sys.argv[1:]))
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


def _stop_at_once(signum: int, frame: FrameType | None) -> None:
    """End at once: before a run and after it there is nothing to be finished.

    An exception would not do: raised while a library is loaded, it becomes another one.
    """
    streams.give_up_if(lambda: True)
    click.echo("dip: interrupted, nothing was written", err=True)
    os._exit(128 + signum)


def _with_hint(error: click.ClickException) -> str:
    """The message of a usage error, and which help to ask."""
    message = " ".join(error.format_message().split())
    if isinstance(error, click.NoSuchOption) and (having := _having(error.option_name)):
        message = f"No such option '{error.option_name}' here; it is one of {', '.join(having)}"
    if not isinstance(error, click.UsageError) or error.ctx is None:
        return message
    return f"{message.rstrip('.')}; see {error.ctx.command_path} --help"


def _having(option: str) -> list[str]:
    """The commands that have an option."""
    context = click.Context(app)
    commands = {name: app.get_command(context, name) for name in app.list_commands(context)}
    return [
        f"dip {name}"
        for name, one in commands.items()
        if one is not None and any(option in parameter.opts for parameter in one.params)
    ]


def _say(message: str, code: int, trace: bool = False) -> int:
    if trace:
        traceback.print_exc()
    click.echo(f"dip: {printable(message)}", err=True)
    return code
