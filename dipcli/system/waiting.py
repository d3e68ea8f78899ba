"""How threads wait for one another: asleep where other programs want the cores, else spinning."""

import os
import sys
import time
from pathlib import Path

# What says how OpenMP's threads wait: the standard's, that of GNU, and that of LLVM and Intel
_SAID = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")
SAMPLE = 0.15  # seconds
BUSY = 0.5  # cores

_BUSY_TIMES = (0, 1, 2, 5, 6, 7)  # in /proc/stat: user, nice, system, irq, softirq, steal


def asleep(others: float | None = None) -> None:
    """Let OpenMP's threads sleep while they wait, if others keep a core busy; for programs only,
    before torch is imported.

    By default they spin, which is right alone. Beside other programs, a spinning thread takes the
    core that the one it waits for needs. 256x256 on two cores, alone: spinning 19 s, asleep 32 s;
    beside one busy process: spinning 104 s, asleep 39 s; beside two: asleep 57 s. The result is the
    same to the bit, which it would not be with fewer threads. What the user has set stays. OpenMP
    reads it once. others: cores that others keep busy, None to measure it.
    """
    if "torch" in sys.modules or any(name in os.environ for name in _SAID):
        return
    if (busy_cores() if others is None else others) > BUSY:
        os.environ["OMP_WAIT_POLICY"] = "PASSIVE"


def busy_cores() -> float:
    """How many cores are busy while this process sleeps for a moment; 0 where nothing tells."""
    before = _times()
    time.sleep(SAMPLE if before else 0)
    after = _times()
    if before is None or after is None:
        return 0.0
    passed = [later - earlier for earlier, later in zip(before, after, strict=True)]
    busy = sum(passed[number] for number in _BUSY_TIMES)
    return busy / max(1, sum(passed)) * (os.cpu_count() or 1)


def _times() -> list[int] | None:
    """What all cores together have done, in ticks, as Linux counts it; None elsewhere."""
    try:
        line = Path("/proc/stat").read_text().partition("\n")[0]
    except OSError:
        return None
    return [int(ticks) for ticks in line.split()[1:9]]
