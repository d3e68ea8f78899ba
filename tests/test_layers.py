"""The house rules that a test can hold: who may import whom, and how long a module may be."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "dipcli").rglob("*.py"))


def test_rooms_import_downwards_only() -> None:
    command = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports())"
    done = subprocess.run(
        [sys.executable, "-c", command],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_modules_are_short_and_say_what_they_are_for(path: Path) -> None:
    source = path.read_text()
    assert len(source.splitlines()) <= 250
    assert ast.get_docstring(ast.parse(source))


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_functions_fit_on_a_screen(path: Path) -> None:
    nodes = ast.walk(ast.parse(path.read_text()))
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef)]
    long = {function.name: n for function in functions if (n := length(function)) > 40}
    assert not long


def length(function: ast.FunctionDef) -> int:
    """Lines of code from `def` to the end, the docstring not counted."""
    lines = function.end_lineno - function.lineno + 1
    if ast.get_docstring(function) is not None:
        documentation = function.body[0]
        lines -= documentation.end_lineno - documentation.lineno + 1
    return lines


def test_nothing_imports_what_every_start_would_wait_for() -> None:
    """scipy.stats takes 0.4 s of the 1.8 that a start takes; `degradation.chances` has its few."""
    found = [
        path.name
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("scipy.stats")
    ]
    assert found == []
