"""Does the suite notice? Single lines are changed, one at a time, and the tests of the room run.

    python -m tests.mutants [--room ROOM] [--only N ...] [--sample N]

Each mutation (`tests/mutations.py`) is a change that a user would feel. It is applied in a copy of
the tree, where the tests that belong to its room run until the first failure; what survived is
printed, and the share. It takes hours for all, so this is no part of the suite. A mutation is found
by its line, wherever that is, so that files may move; one that is not found exactly once is told.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.mutations import MUTATIONS, Mutation

ROOT = Path(__file__).parents[1]
LIMIT = 900  # seconds for the tests of a room; a mutation that hangs is noticed
FLOORS = "tests/tasks/test_floors.py"
# Those that most mutations fail come first: the rest runs only where they pass.
TESTS: dict[str, tuple[str, ...]] = {
    "presets": ("tests/test_published.py", "tests/tasks/test_tasks.py", "tests/cli/test_help.py"),
    "prior": (FLOORS, "tests/prior", "tests/test_resuming.py"),
    "degradation": (FLOORS, "tests/degradation"),
    "tasks": (FLOORS, "tests/tasks", "tests/test_api.py", "tests/test_tiling.py"),
    "batch": ("tests/batch", "tests/cli"),
    "cli": ("tests/cli",),
    "pictures": ("tests/pictures", "tests/cli/test_exact.py"),
    "observers": ("tests/observers", "tests/cli/test_going_on.py", "tests/cli/test_terminal.py"),
    "api": ("tests/test_api.py", "tests/test_tiling.py", "tests/tasks/test_ladder.py"),
}


def main() -> int:
    """Apply what was asked for; returns how many survived."""
    parser = argparse.ArgumentParser(description="Single mutations, and the tests that notice.")
    parser.add_argument("--room", choices=TESTS)
    parser.add_argument("--only", metavar="N", type=int, nargs="+", help="numbers of mutations")
    parser.add_argument("--sample", metavar="N", type=int, default=1, help="every N-th")
    parser.add_argument("--check", action="store_true", help="only look whether all are found")
    given = parser.parse_args()
    chosen = list(enumerate(MUTATIONS))
    if given.room:
        chosen = [(number, one) for number, one in chosen if one.room == given.room]
    chosen = [pair for pair in chosen[:: given.sample] if not given.only or pair[0] in given.only]
    lost = [told(number, one) for number, one in chosen if len(holders(ROOT, one)) != 1]
    print("\n".join(f"not found once: {line}" for line in lost) or f"{len(chosen)} found")
    if given.check:
        return len(lost)
    survived = run([pair for pair in chosen if len(holders(ROOT, pair[1])) == 1])
    tried = len(chosen) - len(lost)
    print(f"{len(survived)} of {tried} survived ({len(survived) / max(1, tried):.0%})")
    print("\n".join(survived))
    return len(survived)


def told(number: int, one: Mutation) -> str:
    return f"{number} {one.room}: {one.old!r} -> {one.new!r}"


def holders(root: Path, one: Mutation) -> list[Path]:
    """The files with the line, one entry for each time."""
    texts = ((path, path.read_text()) for path in sorted((root / "dipcli").rglob("*.py")))
    return [path for path, text in texts for _ in range(text.count(one.old))]


def run(chosen: Sequence[tuple[int, Mutation]]) -> list[str]:
    """Apply one after the other in a copy of the tree; what survived."""
    survived = []
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "tree"
        unwanted = shutil.ignore_patterns(".git", "__pycache__", ".*_cache")
        shutil.copytree(ROOT, copy, ignore=unwanted)
        for room in dict.fromkeys(one.room for _, one in chosen):
            if fails(copy, TESTS[room]):
                raise SystemExit(f"the tests of {room} fail without any mutation")
        for number, one in chosen:
            (path,) = holders(copy, one)
            before = path.read_text()
            path.write_text(before.replace(one.old, one.new))
            noticed = fails(copy, TESTS[one.room])
            path.write_text(before)
            print(f"{'noticed ' if noticed else 'SURVIVED'} {told(number, one)}", flush=True)
            if not noticed:
                survived.append(told(number, one))
    return survived


def fails(tree: Path, tests: Sequence[str]) -> bool:
    """Whether one of the tests fails, or does not end."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider"]
    environment = {**os.environ, "PYTHONPATH": str(tree), "OMP_NUM_THREADS": "1"}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"  # of a change within a second, too
    try:
        done = subprocess.run(
            [*command, *tests],
            cwd=tree,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return True
    return done.returncode != 0


if __name__ == "__main__":
    raise SystemExit(min(1, main()))
