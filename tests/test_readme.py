"""The README and the changelog say what is so."""

import re
import runpy
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import dipcli
from dipcli.cli.app import app

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
MAIN_JOB = "pip install . && dip denoise examples/noisy.png -o clean.png"
TESTS = "pip install '.[dev]' && pytest"


def commands() -> Iterator[list[str]]:
    """The words of every `dip ...` in a block of code, without the redirections."""
    for block in re.findall(r"```(?:sh|console)\n(.*?)```", README, re.DOTALL):
        for line in block.splitlines():
            for part in re.split(r"&&|\|(?!\|)", line.removeprefix("$ ")):
                if part.strip().startswith("dip "):
                    yield shlex.split(part.split(" < ")[0], comments=True)[1:]


def command(name: str) -> click.Command:
    found = app.get_command(click.Context(app), name)
    assert found is not None, name
    return found


def test_the_two_commands_come_first_and_ci_runs_them() -> None:
    first = README.split("```sh\n")[1].split("```")[0]
    assert first.splitlines() == [MAIN_JOB, TESTS]
    continuous_integration = (ROOT / ".ci" / "run").read_text()
    assert all(one in continuous_integration for one in (MAIN_JOB, TESTS))


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_every_command_shown_is_understood(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    shown = command(words[0])
    context = shown.make_context(shown.name, words[1:])
    for path in context.params.get("inputs") or ():
        assert str(path) == "-" or Path(path).exists()


def test_every_command_is_shown() -> None:
    for name in app.list_commands(click.Context(app)):
        assert f"dip {name}" in README, name


def test_every_option_named_exists() -> None:
    options = {
        option
        for name in app.list_commands(click.Context(app))
        for parameter in command(name).params
        for option in parameter.opts
    }
    foreign = {"--suite", "--against", "--watch", "--count"}  # of the benchmark and the tests
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", README)) - foreign
    assert named
    assert named <= options


@pytest.mark.parametrize("link", re.findall(r"\]\((?!http)([^)]+)\)", README))
def test_every_link_leads_somewhere(link: str) -> None:
    assert (ROOT / link).is_file()


def test_what_is_kept_is_what_is_found_out_by_writing_and_reading(tmp_path: Path) -> None:
    tables = runpy.run_path(str(ROOT / "tests" / "pictures" / "roundtrip_table.py"))
    assert tables["markdown"](tmp_path) in README
    pytest.importorskip("pillow_heif", reason="HEIC needs the extra heif")
    assert tables["heic_markdown"]() in README


def test_the_python_shown_is_valid() -> None:
    (block,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    for name in re.findall(r"dipcli\.(\w+)", block):
        assert name in dipcli.__all__
    compile(block, "README.md", "exec")


def test_the_changelog_knows_this_version() -> None:
    assert f"## [{dipcli.__version__}]" in (ROOT / "CHANGELOG.md").read_text()
