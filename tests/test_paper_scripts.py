"""Every script of examples/paper runs from a clean folder and prints its lines of the table."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "examples" / "paper"
SCRIPTS = sorted(path for path in FOLDER.glob("*.py") if path.stem != "common")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_prints_its_lines(script: Path, tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-W", "error", str(script)],
        cwd=tmp_path,
        env={**os.environ, "SMOKE": "1", "PYTHONPATH": str(FOLDER.parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    lines = [one for one in ran.stdout.splitlines() if one.startswith("| ")]
    assert lines[0] == "| experiment | published | ours | time | remarks |"
    assert len(lines) > 1
    assert all(one.count(" | ") == 4 for one in lines)
    assert not list(tmp_path.iterdir())
