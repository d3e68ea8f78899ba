"""Memory of one process over many pictures: at picture 20 and at the last.

`python -m tests.mass.flat --count 200`
"""

import argparse
import json
import tempfile
from pathlib import Path
from statistics import median

from .running import QUICK, folder, start

FIRST = 20  # pictures after which everything that is loaded once has been
MOST = 15.0  # MB that the rest may add


def resident(pid: int) -> float:
    """Memory that a process holds, in MB."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.partition("VmRSS:")[2].split()[0]) / 1024


def main(count: int, side: int, settings: list[str]) -> None:
    """Restore the folder and look at the process as the lines come."""
    held = []
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        folder(place / "in", count, side, suffixes=(".png", ".jpg", ".tif", ".webp"))
        process = start(["denoise", "in", "-o", "out", "--json", "-q", *settings], place)
        for line in process.stdout:
            record = json.loads(line)
            if "summary" not in record:
                assert record["status"] == "done", record
                held.append(resident(process.pid))
        _, err = process.communicate()
        assert (process.returncode, err) == (0, b""), err
    assert len(held) == count
    grown = median(held[-FIRST:]) - median(held[FIRST : 2 * FIRST])  # not the peaks between
    print(f"{held[FIRST - 1]:.0f} MB at picture {FIRST}, {held[-1]:.0f} MB at {count}, ", end="")
    print(f"{max(held):.0f} MB at the most; medians {grown:+.1f} MB")
    assert grown < MOST, f"it grew by {grown:.0f} MB"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200, help="Pictures.")
    parser.add_argument("--side", type=int, default=48, help="Pixels a side.")
    parser.add_argument("settings", nargs="*", default=list(QUICK), help="Of dip, after --.")
    given = parser.parse_args()
    main(given.count, given.side, given.settings)
