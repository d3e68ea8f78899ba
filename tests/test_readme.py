"""The README, the guide and the changelog say what is so."""

import io
import os
import re
import runpy
import shlex
from collections.abc import Callable, Iterator
from itertools import chain, pairwise
from pathlib import Path

import click
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import dipcli
from dipcli.cli.app import app, run

ROOT = Path(__file__).parents[1]
README, GUIDE = ROOT / "README.md", ROOT / "examples" / "GUIDE.md"
DOCUMENTS = (README, GUIDE)  # that are read with a terminal beside them
EXPLAINED = (*DOCUMENTS, ROOT / "examples" / "HOW_IT_WORKS.md")
TEXTS = (ROOT / "CHANGELOG.md", README, *sorted((ROOT / "examples").glob("*.md")))
TEXT = {one: one.read_text() for one in TEXTS}
MOST_LINES = 180  # of the README
MOST_IN_A_PARAGRAPH = 6
MAIN_JOB = "pip install . && dip denoise examples/noisy.png -o clean.png"
TESTS = "pip install '.[dev]' && pytest"


def blocks(document: Path) -> list[str]:
    return re.findall(r"```(?:sh|console)\n(.*?)```", TEXT[document], re.DOTALL)


def typed(document: Path) -> Iterator[list[str]]:
    """The words of every `dip ...` in a block of code, with the redirections."""
    for block in blocks(document):
        for line in block.splitlines():
            for part in re.split(r"&&|\|(?!\|)", line.removeprefix("$ ")):
                if part.strip().startswith("dip "):
                    yield shlex.split(part, comments=True)[1:]


def commands() -> Iterator[list[str]]:
    """The words of every `dip ...` in a block of code, without the redirections."""
    for words in chain.from_iterable(map(typed, DOCUMENTS)):
        yield words[: words.index("<")] if "<" in words else words


def command(name: str) -> click.Command:
    found = app.get_command(click.Context(app), name)
    assert found is not None, name
    return found


def test_the_two_commands_come_first_and_ci_runs_them() -> None:
    first = TEXT[README].split("```sh\n")[1].split("```")[0]
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


@pytest.fixture
def shown_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, draw: Callable[..., NDArray[np.uint8]]
) -> Path:
    """A folder with all that the README speaks of, tiny, and the shortest restorations."""
    for name in ("noisy", "small", "damaged", "lost"):
        Image.fromarray(draw(12, 16, len(name))).save(made(tmp_path / f"examples/{name}.png"))
    for name in ("photo", "night"):
        Image.fromarray(draw(16, 16, len(name))).save(tmp_path / f"examples/{name}.jpg")
    hole = np.zeros((12, 16), np.uint8)
    hole[4:7, 5:9] = 255
    for name in ("mask", "lost_mask"):
        Image.fromarray(hole).save(tmp_path / f"examples/{name}.png")
    for name in ("a", "trip/b"):
        Image.fromarray(draw(12, 16)).save(made(tmp_path / f"photos/{name}.png"))
    (tmp_path / "photos/broken.png").write_text("no picture")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    for name in [name for name in os.environ if name.startswith("DIP_")]:
        monkeypatch.delenv(name)
    for name in ("DENOISE", "SUPERRES", "INPAINT", "FIT"):
        for option, value in (("ITERS", "1"), ("RUNS", "1"), ("DEVICE", "cpu"), ("TIME", "1")):
            monkeypatch.setenv(f"DIP_{name}_{option}", value)
    return tmp_path


def made(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


RESULTS = {
    README: {"clean.png", "photo.png", "night.png", "large.png", "repaired.png", "page.html"},
    GUIDE: {"found.png", "fitted.png", "curve.png", "piped.png", "best.png"},
}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda one: one.stem)
def test_the_commands_shown_run_in_order_in_one_folder(
    document: Path,
    shown_folder: Path,
    capfdbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody who copies them one after the other is refused."""
    for words in typed(document):
        shell = dict(pairwise(words))  # what follows a word
        if "<" in words:
            stdin = io.TextIOWrapper(io.BytesIO(Path(shell["<"]).read_bytes()))
            monkeypatch.setattr("sys.stdin", stdin)
        code = run(words[: words.index("<")] if "<" in words else words)
        out, err = capfdbinary.readouterr()
        if ">" in words:
            Path(shell[">"]).write_bytes(out)
        # One of the photos is broken, as the README shows; everything else is done.
        assert code == (1 if "photos/" in words else 0), (words, err.decode())
    names = {path.name for path in shown_folder.iterdir()}
    assert RESULTS[document] <= names


def test_no_pipe_hides_an_exit_code() -> None:
    """A shell reports the code of the last command of a pipe, unless it is told."""
    shown = chain.from_iterable(map(blocks, DOCUMENTS))
    piped = [block for block in shown if re.search(r"^dip .* \| ", block, re.MULTILINE)]
    assert len(piped) >= 2
    for block in piped:
        assert "set -o pipefail" in block.partition(" | ")[0], block


def test_every_command_is_shown() -> None:
    for name in app.list_commands(click.Context(app)):
        assert any(f"dip {name}" in TEXT[document] for document in DOCUMENTS), name


def test_every_option_named_exists() -> None:
    found = [command(name) for name in app.list_commands(click.Context(app))]
    for group in [one for one in found if isinstance(one, click.Group)]:
        inside = (
            group.get_command(click.Context(group), n)
            for n in group.list_commands(click.Context(group))
        )
        found += [one for one in inside if one is not None]
    options = {option for one in found for parameter in one.params for option in parameter.opts}
    foreign = {"--suite", "--against", "--watch", "--count"}  # of the benchmark and the tests
    foreign |= {"--torch-backend", "--pip-args", "--extra-index-url"}  # of uv, pipx and pip
    told = "".join(TEXT[document] for document in EXPLAINED)
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", told)) - foreign
    assert named
    assert named <= options


LINKS = [
    pytest.param(document, link, id=f"{document.stem}-{link}")
    for document, text in TEXT.items()
    for link in dict.fromkeys(re.findall(r"\]\((?!http)([^)]+)\)", text))
]


@pytest.mark.parametrize(("document", "link"), LINKS)
def test_every_link_leads_somewhere(document: Path, link: str) -> None:
    place, _, heading = link.partition("#")
    target = document.parent / place
    assert target.is_file()
    if heading:
        named = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE)
        assert heading in {name.lower().replace(" ", "-") for name in named}


def test_the_readme_can_be_read_at_a_sitting() -> None:
    assert len(TEXT[README].splitlines()) <= MOST_LINES


@pytest.mark.parametrize("document", TEXTS, ids=lambda one: one.stem)
def test_no_paragraph_is_long(document: Path) -> None:
    prose = re.sub(r"^```.*?^```$", "", TEXT[document], flags=re.DOTALL | re.MULTILINE)
    for paragraph in re.split(r"\n\s*\n|\n(?=\s*- )", prose):  # a point of a list is one
        if not paragraph.lstrip().startswith("|"):
            assert len(paragraph.strip().splitlines()) <= MOST_IN_A_PARAGRAPH, paragraph


@pytest.mark.parametrize("document", TEXTS, ids=lambda one: one.stem)
def test_nothing_of_a_merge_is_left(document: Path) -> None:
    assert not re.search(r"^(<<<<<<<|=======|>>>>>>>)", TEXT[document], re.MULTILINE)


def test_every_file_of_examples_is_named_where_a_reader_looks() -> None:
    for path in (ROOT / "examples").glob("*.md"):
        assert f"({path.relative_to(ROOT)})" in TEXT[README], path.name


def test_what_is_kept_is_what_is_found_out_by_writing_and_reading(tmp_path: Path) -> None:
    tables = runpy.run_path(str(ROOT / "tests" / "pictures" / "roundtrip_table.py"))
    assert tables["markdown"](tmp_path) in TEXT[GUIDE]
    pytest.importorskip("pillow_heif", reason="HEIC needs the extra heif")
    assert tables["heic_markdown"]() in TEXT[GUIDE]


def test_the_python_shown_is_valid() -> None:
    (block,) = re.findall(r"```python\n(.*?)```", TEXT[README], re.DOTALL)
    for name in re.findall(r"dipcli\.(\w+)", block):
        assert name in dipcli.__all__
    compile(block, README.name, "exec")


def test_the_changelog_knows_this_version() -> None:
    assert f"## [{dipcli.__version__}] - " in TEXT[ROOT / "CHANGELOG.md"]


def test_the_citation_is_of_this_version() -> None:
    text = (ROOT / "examples" / "CITATION.cff").read_text()
    (date,) = re.findall(rf"## \[{dipcli.__version__}\] - (\S+)", TEXT[ROOT / "CHANGELOG.md"])
    assert f"\nversion: {dipcli.__version__}\ndate-released: {date}\n" in text
