"""Every script of examples/paper runs in an empty folder and prints its lines of the table."""

import os
import re
import runpy
import sys
from pathlib import Path

import pytest

import dipcli

FOLDER = Path(__file__).parents[1] / "examples" / "paper"
SCRIPTS = sorted(path for path in FOLDER.glob("*.py") if path.stem != "common")


@pytest.fixture
def smoke(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty folder, a smoke test's environment, and no settings of whoever runs the tests."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SMOKE", "1")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("home")))
    for name in [name for name in os.environ if name.startswith("DIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.syspath_prepend(str(FOLDER))
    monkeypatch.delitem(sys.modules, "common", raising=False)  # which reads SMOKE once


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
@pytest.mark.usefixtures("smoke")
def test_a_script_prints_its_lines(
    script: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", [str(script), "--device", "cpu"])
    runpy.run_path(str(script), run_name="__main__")
    sys.modules.pop("common", None)
    lines = [one for one in capsys.readouterr().out.splitlines() if one.startswith("| ")]
    assert lines[0] == "| experiment | published | ours | time | remarks |"
    assert len(lines) > 1
    assert all(one.count(" | ") == 4 for one in lines)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_started_alone_finds_what_it_uses(script: Path) -> None:
    """A module that another test has imported is an attribute of dipcli; in a script it is none."""
    used = set(re.findall(r"\bdipcli\.(\w+)", script.read_text()))
    imported = set(re.findall(r"from dipcli\.(\w+)", script.read_text()))
    assert used - imported <= set(dipcli.__all__)
