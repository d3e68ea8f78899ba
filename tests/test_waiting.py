"""Threads of the programs sleep while they wait; a library leaves that to its caller."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NAMES = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")
SHOW = "; import os; print({n: os.environ[n] for n in %r if n in os.environ})" % (NAMES,)  # noqa: UP031


def ran(script: str, **more: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name not in NAMES}
    env = {**kept, "PYTHONPATH": str(ROOT), **more}
    command = [sys.executable, "-c", script]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=True)


PROGRAM = """
import sys
from dipcli.cli import app
app.run = lambda args: 0
try:
    app.main()
except SystemExit:
    pass
"""


def test_the_program_sets_it_and_what_the_user_set_stays():
    assert ran(PROGRAM + SHOW[2:]).stdout == "{'OMP_WAIT_POLICY': 'PASSIVE'}\n"
    for name, value in (("OMP_WAIT_POLICY", "ACTIVE"), ("GOMP_SPINCOUNT", "9")):
        assert ran(PROGRAM + SHOW[2:], **{name: value}).stdout == f"{{'{name}': '{value}'}}\n"


def test_the_library_sets_nothing():
    assert ran("import dipcli; dipcli.denoise" + SHOW).stdout == "{}\n"


@pytest.mark.skipif(sys.platform != "linux", reason="asks GNU's OpenMP")
def test_openmp_has_read_it():
    script = "from dipcli import waiting; waiting.asleep(); import torch"
    done = ran(script, OMP_DISPLAY_ENV="true")
    assert "OMP_WAIT_POLICY = 'PASSIVE'" in done.stderr
