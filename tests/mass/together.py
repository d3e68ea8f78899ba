"""Several processes on one folder at once: each picture made once, and as by one process.

`python -m tests.mass.together --turns 20`
"""

import argparse
import json
import random
import tempfile
import time
from pathlib import Path

from .running import QUICK, contents, folder, run, start


def main(turns: int, pictures: int, processes: int) -> None:
    """Start them at slightly different moments, compare what they made."""
    chance = random.Random(0)
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        folder(place / "in", pictures, suffixes=(".png", ".bmp", ".jpg"))
        whole = run(["denoise", "in", "-o", "whole", *QUICK], place)
        assert whole.code == 0, whole.err
        expected = contents(place / "whole")
        shares = []
        for turn in range(turns):
            running = []
            for _ in range(processes):
                args = ["denoise", "in", "-o", f"out{turn}", "--json", *QUICK]
                running.append(start(args, place))
                time.sleep(chance.choice((0, 0.05, 0.5)))
            said = [process.communicate(timeout=300) for process in running]
            assert {process.returncode for process in running} == {0}, said
            lines = [[json.loads(line) for line in out.splitlines()] for out, _ in said]
            made = [
                [one["output"] for one in each if one.get("status") == "done"] for each in lines
            ]
            union = {output for each in made for output in each}
            assert sum(map(len, made)) == len(union) == pictures, "each is made once"
            assert contents(place / f"out{turn}") == expected
            shares.append("+".join(str(len(each)) for each in made))
    print(f"{turns} times {processes} processes on {pictures} pictures: each made once, no litter")
    print("shares: " + ", ".join(shares))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=20, help="Times.")
    parser.add_argument("--pictures", type=int, default=12, help="In the folder.")
    parser.add_argument("--processes", type=int, default=2, help="At once.")
    given = parser.parse_args()
    main(given.turns, given.pictures, given.processes)
