"""The man page says what the help says, and roff understands it."""

import runpy
import shutil
import subprocess
from pathlib import Path

import pytest

import dipcli
from dipcli.cli.app import app

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "examples" / "dip.1"
MAKER = ROOT / "examples" / "make_manual.py"


def test_the_page_is_current() -> None:
    made = runpy.run_path(str(MAKER))["page"]()
    assert made == PAGE.read_text(), "run: python examples/make_manual.py"


def test_the_page_names_every_command_and_this_version() -> None:
    text = PAGE.read_text()
    assert f"dip {dipcli.__version__}" in text.splitlines()[1]
    for name in app.list_commands(None):
        assert f"dip {name}" in text


def test_no_text_is_taken_for_a_request() -> None:
    escaped = runpy.run_path(str(MAKER))["escaped"]
    assert escaped(".TH of a picture") == "\\&.TH of a picture"
    assert escaped("-o a\\b") == "\\-o a\\eb"
    assert escaped("24 \u00d7 24") == "24 \\[u00D7] 24"


def test_the_page_is_set_without_a_warning() -> None:
    groff = shutil.which("groff")
    if groff is None:
        pytest.skip("groff is not installed")
    command = [groff, "-man", "-Tutf8", "-ww", str(PAGE)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert not ran.stderr
    assert len(ran.stdout.splitlines()) > 200
