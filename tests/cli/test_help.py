"""Help: of every command and option, fast, and without the heavy libraries."""

import subprocess
import sys
import time

import click
import pytest

from dipcli.cli.app import app
from dipcli.cli.sweep import sweep_of
from dipcli.tasks import TASKS

NAMES = (
    *("denoise", "superres", "inpaint", "fit", "flash", "preimage", "maximize", "learn"),
    *("sweep", "presets", "doctor", "completion"),
)
COMMANDS = [app.get_command(click.Context(app), name) for name in NAMES]
OPTIONS = [
    pytest.param(option, id=f"{command.name}{option.opts[-1]}")
    for command in (*COMMANDS, sweep_of(TASKS["fit"]))
    for option in command.params
    if isinstance(option, click.Option)
]


@pytest.mark.parametrize("command", COMMANDS, ids=NAMES)
def test_every_command_has_help_of_one_line_at_first(command):
    first = command.help.splitlines()[0]
    assert first.endswith(".")
    assert len(first) < 80


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_has_help_of_one_line(option):
    assert option.help
    assert "\n" not in option.help
    assert len(option.help) < 75
    assert option.help.endswith(".")


def test_the_group_lists_all_commands(dip):
    shown = dip("--help")
    assert shown.code == 0
    for name in NAMES:
        assert f"  {name} " in shown.out


def test_an_unknown_command_is_a_usage_error(dip):
    ran = dip("photo.png")
    assert ran.code == 2
    assert ran.err == "dip: No such command 'photo.png'; see dip --help\n"


def test_version(dip):
    assert dip("--version").out.startswith("dip 0.")


@pytest.mark.parametrize("args", [["--help"], ["denoise", "--help"]], ids=" ".join)
def test_help_is_fast(args):
    seconds = []
    for _ in range(5):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "dipcli", *args], check=True, capture_output=True)
        seconds.append(time.perf_counter() - began)
    assert min(seconds) < 3  # 0.2 on an idle machine; what makes it slow is in the next test


@pytest.mark.parametrize("name", NAMES)
def test_help_loads_nothing_heavy(name):
    code = (
        "import sys; from dipcli.cli.app import run; run([sys.argv[1], '--help']);"
        "heavy = {'torch', 'skimage', 'matplotlib', 'rich', 'numpy', 'scipy', 'PIL'};"
        "heavy &= set(sys.modules);"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    ran = subprocess.run([sys.executable, "-c", code, name], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
