"""A small run of each script here; the full ones are run by hand as their first lines say."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(sys.platform != "linux", reason="measures memory and kills as Linux does")
@pytest.mark.parametrize(
    "words",
    [
        "damaged --count 60 --good 6",
        "killed --count 2 --pictures 5",
        "flat --count 40",
        "together --turns 1 --pictures 6",
        "hostile --count 1",
    ],
)
def test_what_must_hold_holds(words):
    name, *given = words.split()
    ran = subprocess.run(
        [sys.executable, "-m", f"tests.mass.{name}", *given],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
