"""One result for every task, preset and kind, as hashes: what a change of structure must keep.

    python -m tests.golden [--only PATTERN] [-o FILE] [--records FOLDER]

prints a line for each case: its name, the sha256 of the result's pixels, and the sha256 of its
record without times and version. Run it before and after a change, on one machine, and compare
the files with `diff`; --records keeps the records as JSON, to see what differs in them.

The lines depend on the machine and on the number of threads (sums are taken in another order),
so everything runs on one: the script starts itself anew with OMP_NUM_THREADS=1 where this is not
set. What is restored is made here, tiny and with fixed seeds, in a few steps: the results are no
good pictures. Only the command line and the Python API are used, so that modules may move.
"""

import argparse
import contextlib
import fnmatch
import hashlib
import io
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest import mock

Case = Callable[[], tuple[bytes, object]]  # in an empty folder -> pixels, record
THREADS = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
LEFT_OUT = ("seconds", "version", "fingerprint", "input", "output")  # of a record


def main() -> None:
    """Run the cases and print their lines."""
    if any(os.environ.get(name) != value for name, value in THREADS.items()):
        here = [sys.executable, "-m", "tests.golden", *sys.argv[1:]]
        os.execve(sys.executable, here, {**os.environ, **THREADS})
    parser = argparse.ArgumentParser(description="Hashes of tiny results, to compare.")
    parser.add_argument("--only", metavar="PATTERN", default="*", help="such as 'denoise *'")
    parser.add_argument("-o", metavar="FILE", type=Path, help="write the lines there, too")
    parser.add_argument("--records", metavar="FOLDER", type=Path, help="keep the records there")
    given = parser.parse_args()
    file, records = (path and path.resolve() for path in (given.o, given.records))
    lines = []
    for line in results(given.only, records):
        print(line, flush=True)
        lines.append(line)
    if not lines:
        parser.error(f"no case is called {given.only}")
    if file:
        file.write_text("\n".join(lines) + "\n")


def results(pattern: str, records: Path | None) -> Iterator[str]:
    """The lines of the cases whose name fits."""
    from tests.golden_cases import CASES

    for name, case in CASES.items():
        if fnmatch.fnmatch(name, pattern) or pattern in name:
            with alone():
                pixels, record = case()
            text = json.dumps(without_times(record), sort_keys=True, indent=1)
            if records:
                records.mkdir(parents=True, exist_ok=True)
                (records / f"{name}.json").write_text(text + "\n")
            hashes = (hashlib.sha256(data).hexdigest() for data in (pixels, text.encode()))
            yield "  ".join([f"{name:36}", *hashes])


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """An empty folder to work in, and no settings of whoever runs this."""
    before = Path.cwd()
    kept = {k: v for k, v in os.environ.items() if not k.startswith("DIP_")}
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        home = {"HOME": folder, "XDG_CONFIG_HOME": folder}
        try:
            with mock.patch.dict(os.environ, {**kept, **home}, clear=True):
                yield
        finally:
            os.chdir(before)


def without_times(record: Any) -> object:
    """A record without what differs from run to run, from version to version, or by place."""
    if isinstance(record, Mapping):
        kept = {k: v for k, v in record.items() if k not in LEFT_OUT}
        return {name: without_times(value) for name, value in kept.items()}
    return [without_times(one) for one in record] if isinstance(record, list) else record


def dip(*words: object, code: int = 0) -> tuple[list[Any], str]:
    """`dip ... --json` in this process: the records, and what was said."""
    from dipcli.cli import main as entry

    out, err = io.StringIO(), io.StringIO()
    line = ["dip", *map(str, words), "--json"]
    with (
        mock.patch.object(sys, "argv", line),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            entry()
        except SystemExit as end:
            found = end.code
    if found != code:
        raise SystemExit(f"{' '.join(line)} ended with {found}\n{err.getvalue()}")
    return objects(out.getvalue()), err.getvalue()


def objects(text: str) -> list[Any]:
    """The JSON values in a text, one after the other."""
    found, left = [], text.strip()
    while left:
        one, end = json.JSONDecoder().raw_decode(left)
        found.append(one)
        left = left[end:].lstrip()
    return found


if __name__ == "__main__":
    main()
