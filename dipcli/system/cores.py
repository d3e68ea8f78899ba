"""How many processor cores there are for this process, and how many of them are idle."""

import math
import os
import sys
from pathlib import Path

from dipcli.system.waiting import busy_cores


def usable(root: Path = Path("/sys/fs/cgroup")) -> int:
    """Cores that this process may run on: of its affinity, and of the quota of its container."""
    mask = getattr(os, "sched_getaffinity", None)
    cores = len(mask(0)) if mask else os.cpu_count() or 1
    return max(1, int(min(cores, _quota(root))))


def idle() -> int:
    """Those of them that no other program keeps busy now, at least one."""
    return max(1, usable() - round(busy_cores()))


def limit_threads(count: int) -> None:
    """Let torch take no more threads than these in this process; for programs only."""
    os.environ["OMP_NUM_THREADS"] = str(count)  # read when torch is imported
    if "torch" in sys.modules:
        import torch

        torch.set_num_threads(count)


def _quota(root: Path) -> float:
    """Cores that a container's limit comes to, of either version; inf without a limit."""
    try:
        limit, period = (root / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            limit = (root / "cpu/cpu.cfs_quota_us").read_text()
            period = (root / "cpu/cpu.cfs_period_us").read_text()
        except OSError:
            return math.inf
    if limit == "max" or float(limit) <= 0:
        return math.inf
    return float(limit) / float(period)
