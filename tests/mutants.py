"""Does the suite notice? Single lines are changed, one at a time, and tests run.

    python -m tests.mutants [--room ROOM] [--only N ...] [--sample N] [--traces FILE]

Each mutation (`tests/mutations.py`) is a change that a user would feel. It is applied in a copy of
the tree. First the tests of its room run without any, and it is noted which functions each of them
runs; then, for each mutation, those that run what it changes, the fastest first, until one fails.
What survived is printed, and the share. A mutation takes some seconds, so this is no part of the
suite. It is found by its line, wherever that is in its room, so that files may move; one that is
not found exactly once is told.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests import forked
from tests.mutations import MUTATIONS, Mutation
from tests.reach import Sources

ROOT = Path(__file__).parents[1]
LIMIT = 900  # seconds for the tests of a mutation; one that hangs is noticed
FLOORS = "tests/tasks/test_floors.py"
ON_FILES = ("tests/batch", "tests/cli")
# Whose tests have to notice a change in which room. What takes minutes is left out: the long half
# of test_resuming and test_canvas, and tests/mass.
RESUMED = "tests/test_resuming.py::test_it_goes_on_bit_for_bit_from_any_step"
CANVAS = tuple(
    f"tests/tiling/test_canvas.py::test_{name}"
    for name in (
        "tiles_that_agree_become_the_picture",
        "a_tile_says_nothing_next_to_its_edge_and_all_beyond_the_overlap",
        "what_a_tile_has_half_decided_is_known_to_the_next",
        "steps_are_counted_through_all_tiles_and_end_with_the_total",
        "tiles_share_the_time_and_what_it_does_not_reach_is_told",
    )
)
TESTS: dict[str, tuple[str, ...]] = {
    "system": ("tests/system", "tests/pictures", "tests/tiling/test_layout.py", *ON_FILES),
    "pictures": ("tests/pictures", *ON_FILES),
    "stream": ("tests/stream", "tests/tasks/test_budget.py", f"{RESUMED}[two levels]"),
    "degradation": ("tests/degradation", FLOORS),
    "prior": ("tests/prior", FLOORS, "tests/test_unused_settings.py", f"{RESUMED}[denoise]"),
    "patches": ("tests/patches", FLOORS, "tests/tasks/test_enlarging.py"),
    "filling": ("tests/filling", FLOORS),
    "learning": ("tests/learning", "tests/tasks"),
    "presets": ("tests/test_published.py", "tests/tasks", "tests/learning"),
    "settings": ("tests/test_stages.py", "tests/prior"),
    "tasks": ("tests/tasks", "tests/test_api.py"),
    "tiling": ("tests/tiling/test_layout.py", "tests/tiling/test_oom_fallback.py", *CANVAS),
    "api": ("tests/test_api.py", "tests/test_unused_settings.py", "tests/tasks"),
    "observers": (
        "tests/observers",
        "tests/cli/test_going_on.py",
        "tests/cli/test_interruption.py",
    ),
    "batch": ON_FILES,
    "cli": ("tests/cli",),
    "bench": ("tests/bench",),
    "painting": ("tests/painting/test_painting.py",),
    "report": ("tests/report/test_page.py",),
}
TOP = {
    "api.py": "api",
    "lessons.py": "api",
    "architecture.py": "settings",
    "stages.py": "settings",
    "settings.py": "settings",
    "errors.py": "cli",
}
NOTICED = {0: False, 1: True, 2: True, -1: True}  # exit code: 2 where it cannot be imported
STARTED = ("cli", "batch", "observers", "system", "bench")  # rooms that run as a program of its own
SLOW = 20.0  # seconds of one test, beyond which it is for the suite alone
Traces = dict[str, tuple[float, list[str]]]  # of each test the seconds, and the functions it ran


def main() -> int:
    """Apply what was asked for; returns how many survived."""
    parser = argparse.ArgumentParser(description="Single mutations, and the tests that notice.")
    parser.add_argument("--room", choices=TESTS, nargs="+")
    parser.add_argument("--only", metavar="N", type=int, nargs="+", help="numbers of mutations")
    parser.add_argument("--sample", metavar="N", type=int, default=1, help="every N-th")
    parser.add_argument("--check", action="store_true", help="only look whether all are found")
    parser.add_argument("--traces", metavar="FILE", type=Path, help="what tests ran, kept here")
    parser.add_argument("--within", metavar="SECONDS", type=float, default=LIMIT, help="of tests")
    given = parser.parse_args()
    chosen = list(enumerate(MUTATIONS))
    if given.room:
        chosen = [(number, one) for number, one in chosen if one.room in given.room]
    chosen = [pair for pair in chosen[:: given.sample] if not given.only or pair[0] in given.only]
    lost = [told(number, one) for number, one in chosen if len(holders(ROOT, one)) != 1]
    print("\n".join(f"not found once: {line}" for line in lost) or f"{len(chosen)} found")
    if given.check:
        return len(lost)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), given.traces or Path(folder) / "traces.json", given.within)
        found = [pair for pair in chosen if len(holders(ROOT, pair[1])) == 1]
        survived = [told(number, one) for number, one in found if not bench.noticed(number, one)]
    print(f"{len(survived)} of {len(found)} survived ({len(survived) / max(1, len(found)):.0%})")
    print("\n".join(survived))
    return len(survived)


def told(number: int, one: Mutation) -> str:
    return f"{number} {one.room}: {one.old!r} -> {one.new!r}"


def room_of(path: Path) -> str:
    """The room of a file of the package, from its path within it."""
    return TOP.get(path.name, path.parts[0]) if len(path.parts) == 1 else path.parts[0]


def holders(root: Path, one: Mutation) -> list[Path]:
    """The files of the mutation's room with the line, one entry for each time."""
    package = root / "dipcli"
    paths = [
        p for p in sorted(package.rglob("*.py")) if room_of(p.relative_to(package)) == one.room
    ]
    return [path for path in paths for _ in range(path.read_text().count(one.old))]


class Bench:
    """A copy of the tree, in which mutations are applied one after the other."""

    def __init__(self, folder: Path, traces: Path, within: float) -> None:
        """within: seconds of tests for one mutation, as they took when they were traced."""
        self.tree, self.kept, self.within = folder / "tree", traces, within
        self.output = folder / "output.txt"
        unwanted = shutil.ignore_patterns(".git", "__pycache__", ".*_cache", ".hypothesis")
        shutil.copytree(ROOT, self.tree, ignore=unwanted)
        os.environ["OMP_NUM_THREADS"] = "1"
        self.sources = Sources(self.tree / "dipcli")
        kept = json.loads(traces.read_text()) if traces.exists() else {}
        self.traces: Traces = kept.get("traces", {})
        self.marks: dict[str, str] = kept.get("marks", {})  # sha256 of each file as it was traced
        forked.warm()

    def noticed(self, number: int, one: Mutation) -> bool:
        """Whether a test fails, or does not end, with this mutation; printed, too."""
        (path,) = holders(self.tree, one)
        before, stamp = path.read_text(), path.stat()
        line = before[: before.index(one.old)].count("\n") + 1
        tests = self.tests_for(one, str(path.relative_to(self.tree / "dipcli")), line)
        path.write_text(before.replace(one.old, one.new))
        os.utime(path, (stamp.st_atime, stamp.st_mtime + 100 + number))  # unlike what is compiled
        os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
        began = time.monotonic()
        try:
            code = self.pytest(["-x", *tests], forked.Order(tests)) if tests else 0
            if code not in NOTICED:
                raise SystemExit(f"pytest ended with {code}: {self.output.read_text()}")
        finally:
            del os.environ["PYTHONDONTWRITEBYTECODE"]
            path.write_text(before)
            os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
        seconds = time.monotonic() - began
        verdict = "noticed " if NOTICED[code] else "SURVIVED"
        words = re.findall(r"^(?:FAILED|ERROR) (?:\S*::)?(\S+)", self.output.read_text(), re.M)
        by = f"  by {words[0]}" if words and NOTICED[code] else ""
        print(f"{verdict} {seconds:4.0f} s {len(tests):3} {told(number, one)}{by}", flush=True)
        return NOTICED[code]

    def tests_for(self, one: Mutation, file: str, line: int) -> list[str]:
        """The tests that run what it changes: those in its room first, then the fastest."""
        self.trace(TESTS[one.room])
        functions, names = self.sources.changed(file, line)
        inside = [test for test in self.traces if test.startswith(TESTS[one.room])]
        naming = {t for t in {test.split("::")[0] for test in inside} if self.names(t) & names}
        able = [t for t in inside if {*self.traces[t][1]} & functions or t.split("::")[0] in naming]
        own = f"tests/{one.room}/"
        able.sort(key=lambda test: (not test.startswith(own), self.traces[test][0]))
        blind = [t for t in inside if forked.PROCESS in self.traces[t][1] and t not in able]
        blind = blind if one.room in STARTED else []
        chosen, spent = [], 0.0
        for test in (*able, *sorted(blind, key=lambda test: self.traces[test][0])):
            spent += self.traces[test][0]
            if spent < self.within and self.traces[test][0] < SLOW:
                chosen.append(test)
        return chosen

    def names(self, file: str) -> set[str]:
        """The words in a file of tests."""
        return set(re.findall(r"\w+", (self.tree / file).read_text()))

    def trace(self, scopes: Sequence[str]) -> None:
        """Run tests without a mutation, those that were not; SystemExit if one fails."""
        for scope in scopes:
            paths = sorted((self.tree / scope).rglob("test_*.py"))
            for file in [str(path.relative_to(self.tree)) for path in paths] or [scope]:
                mark = hashlib.sha256((self.tree / file.split("::")[0]).read_bytes()).hexdigest()
                if self.marks.get(file) == mark:
                    continue
                print(f"tracing {file}", flush=True)
                if self.pytest([file], forked.Tracer(self.tree / "dipcli")):
                    print(self.output.read_text())
                    raise SystemExit(f"{file} fails without any mutation")
                self.traces |= json.loads(self.output.with_suffix(".json").read_text())
                self.marks[file] = mark
                self.kept.write_text(json.dumps({"marks": self.marks, "traces": self.traces}))

    def pytest(self, arguments: Sequence[str], plugin: object) -> int:
        return forked.run(self.tree, arguments, plugin, LIMIT, self.output)


if __name__ == "__main__":
    raise SystemExit(min(1, main()))
