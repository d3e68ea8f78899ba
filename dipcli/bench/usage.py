"""Resident memory of this process in MiB."""

import math
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")


def current() -> float:
    """What is resident now; the peak so far where the system does not say."""
    return _status("VmRSS:") or peak()


def peak() -> float:
    """The most that was resident since this program was started.

    Linux's own `ru_maxrss` starts from the parent's peak, so /proc comes first. NaN on Windows,
    which tells neither.
    """
    found = _status("VmHWM:")
    if found is not None:
        return found
    try:
        import resource
    except ImportError:
        return math.nan
    unit = 2**20 if sys.platform == "darwin" else 2**10  # bytes on macOS, KiB elsewhere
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit, 1)


def _status(name: str) -> float | None:
    if not _STATUS.exists():
        return None
    for line in _STATUS.read_text().splitlines():
        if line.startswith(name):
            return round(int(line.split()[1]) / 2**10, 1)
    return None
