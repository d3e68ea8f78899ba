"""Make the man page dip.1 of this folder from the help of the commands.

python examples/make_manual.py            # writes examples/dip.1
"""

import re
from collections import Counter
from pathlib import Path

import click

import dipcli
from dipcli.cli.app import app

HERE = Path(__file__).parent
SHARED = 4  # commands that have an option before it stands once for all
Record = tuple[str, str]  # of an option: how it is typed, and its help
HELP = ("-h, --help", "Show the help of the command and exit.")

EXIT_CODES = [
    ("0", "All done, or up to date."),
    ("1", "At least one picture failed; the failures are listed last, the others are done."),
    ("2", "The request is wrong: an unknown option, a missing input, an output that exists."),
    ("3", "There is no picture in the folder."),
    ("4", "Out of memory at the smallest setting."),
    ("130, 143, 129", "Interrupted, terminated, terminal lost."),
]
ENVIRONMENT = [
    ("DIP_COMMAND_OPTION", "Stands for an option, as DIP_DENOISE_PRESET=fast. A flag beats it."),
    ("OMP_NUM_THREADS", "How many threads compute; all cores unless set."),
    ("OMP_WAIT_POLICY", "PASSIVE lets threads sleep while they wait, for a busy machine."),
]
FILES = [
    ("dip.toml", "Settings of the folder in which dip is started. The environment beats them."),
    ("~/.config/dip/dip.toml", "Settings of the user. The folder's beat them."),
]


def escaped(text: str) -> str:
    """Text as roff wants it: one line, no control characters of its own."""
    plain = " ".join(text.split()).replace("\\", "\\e").replace("-", "\\-")
    plain = "".join(c if c.isascii() else f"\\[u{ord(c):04X}]" for c in plain)
    return f"\\&{plain}" if plain.startswith((".", "'")) else plain


def whole() -> click.Context:
    """What the program itself starts its commands from."""
    return click.Context(app, info_name="dip", **app.context_settings)


def commands() -> dict[str, click.Command]:
    """Every command by its name, in the order of the help."""
    found = {name: app.get_command(whole(), name) for name in app.list_commands(whole())}
    return {name: command for name, command in found.items() if command is not None}


def records(command: click.Command) -> list[Record]:
    """The options of a command, and what they do."""
    context = click.Context(command, whole(), info_name=command.name)
    options = [one for one in command.params if isinstance(one, click.Option)]
    found = [one.get_help_record(context) for one in options]
    return [one for one in found if one is not None]


def listed(rows: list[Record]) -> list[str]:
    """A list of terms and what they mean."""
    return [line for a, b in rows for line in (".TP", f"\\fB{escaped(a)}\\fR", escaped(b))]


def described(text: str) -> list[str]:
    """The help of a command: paragraphs, and examples as they are typed."""
    lines = []
    for number, part in enumerate(re.split(r"\n\s*\n", text.strip())):
        lines += [".PP"] if number else []
        if "\b" in part:
            examples = [one.strip() for one in part.replace("\b", "").splitlines() if one.strip()]
            lines += [".EX", *map(escaped, examples), ".EE"]
        else:
            lines.append(escaped(part))
    return lines


def page() -> str:
    """The whole page, as roff."""
    found = commands()
    each = {name: records(command) for name, command in found.items()}
    often = Counter(row for rows in each.values() for row in rows)
    shared = [row for row, times in often.items() if times >= SHARED] + [HELP]
    changes = (HERE.parent / "CHANGELOG.md").read_text()
    (date,) = re.findall(rf"^## \[{re.escape(dipcli.__version__)}\] - (\S+)", changes, re.M)
    lines = [
        '.\\" Made by examples/make_manual.py from the help; not to be edited.',
        f'.TH DIP 1 "{date}" "dip {dipcli.__version__}" "User Commands"',
        ".SH NAME",
        "dip \\- restore one picture from itself",
        ".SH SYNOPSIS",
        "\\fBdip\\fR \\fICOMMAND\\fR [\\fIOPTION\\fR]... [\\fIINPUT\\fR]...",
        ".SH DESCRIPTION",
        *described(app.help or ""),
        ".SH COMMANDS",
    ]
    for name, command in found.items():
        usage = command.collect_usage_pieces(click.Context(command, whole(), info_name=name))
        lines += [f'.SS "{escaped(f"dip {name}")} {escaped(" ".join(usage))}"']
        lines += described(command.help or "")
        lines += listed([row for row in each[name] if row not in shared])
    lines += [".SH OPTIONS THAT COMMANDS SHARE", *listed(shared)]
    lines += [".SH EXIT STATUS", *listed(EXIT_CODES)]
    lines += [".SH ENVIRONMENT", *listed(ENVIRONMENT), ".SH FILES", *listed(FILES)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    (HERE / "dip.1").write_text(page())
