"""A folder run killed with SIGKILL at random moments, each time followed by a run to the end.

`python -m tests.mass.killed --count 50`
"""

import argparse
import random
import tempfile
import time
from collections import Counter
from pathlib import Path

from .running import QUICK, contents, folder, run, start

SUFFIXES = (".png", ".jpg", ".bmp", ".tif", ".webp")  # the record of a BMP is a second file
SIDES = ("--curve", "{out}/{{stem}}.csv")


def command(out: str, *more: str) -> list[str]:
    """One folder run with a file beside each result."""
    sides = [word.format(out=out) for word in SIDES]
    return ["denoise", "in", "-o", out, *sides, *QUICK, *more]


def killed(place: Path, seconds: float, chance: random.Random, more: list[str]) -> str:
    """Start a run and kill it at a moment within its work; returns what it left unfinished."""
    out = place / "out"
    process = start(command("out", *more), place)
    until = time.monotonic() + 60
    early = chance.random() < 0.1  # before the first picture is begun
    while not early and not out.exists() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.005)
    time.sleep(chance.uniform(0, seconds))
    ended = process.poll() is not None
    process.kill()
    process.communicate()
    names = set(contents(out)) if out.exists() else set()
    if any(name.startswith(".dip-tmp") for name in names):
        return "writing"
    return "ended" if ended else "working" if names else "starting"


def main(count: int, pictures: int, seed: int) -> None:
    """Kill, run to the end and compare, so many times."""
    chance = random.Random(seed)
    moments: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        folder(place / "in", pictures, suffixes=SUFFIXES)
        whole = run(command("whole", "--json"), place)
        assert whole.code == 0, whole.err
        seconds = sum(record.get("seconds", 0.0) for record in whole.records[:-1]) * 1.2
        expected = contents(place / "whole")
        assert len(expected) == 2 * pictures + sum(one.endswith(".json") for one in expected)
        for turn in range(count):
            more = ["--jobs", "2"] if turn % 5 == 4 else []
            moments[killed(place, seconds, chance, more)] += 1
            again = run(command("out", *more), place, limit=300)
            assert again.code == 0, again.err
            assert contents(place / "out") == expected, f"turn {turn}"
            for path in (place / "out").iterdir():
                path.unlink()
            (place / "out").rmdir()
    print(f"{count} kills ({', '.join(f'{n} {what}' for what, n in sorted(moments.items()))}),")
    print(f"then a run to the end: {len(expected)} files as of an undisturbed run, no litter")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=50, help="Kills.")
    parser.add_argument("--pictures", type=int, default=10, help="In the folder.")
    parser.add_argument("--seed", type=int, default=0, help="Of the moments.")
    given = parser.parse_args()
    main(given.count, given.pictures, given.seed)
