"""How threads wait for one another: asleep, so that other programs do not stop them."""

import os
import sys

# What says how OpenMP's threads wait: the standard's, that of GNU, and that of LLVM and Intel
_SAID = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")


def asleep() -> None:
    """Let OpenMP's threads sleep while they wait; for programs only, before torch is imported.

    By default they spin. Beside other programs, a spinning thread takes the core that the one it
    waits for needs: 256x256 on two busy cores, 40 steps took 159 s with 77 s of processor time
    spinning, and 37 s with 22 s asleep. What the user has set stays. OpenMP reads it once.
    """
    if "torch" not in sys.modules and not any(name in os.environ for name in _SAID):
        os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
