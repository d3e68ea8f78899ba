"""How much memory there is for this process."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of mallopt, as in malloc.h
_REUSED = 2**28  # bytes: arrays up to this size
_KEPT = 2**30  # bytes that may stay with the process after use
_sharing = _on_device = 1  # processes that restore pictures: on this machine, on the device


def available() -> float | None:
    """Bytes of host memory that can be had, within all limits; None if not known."""
    shared = [free for free in (_meminfo(), _cgroup()) if free is not None]
    if not shared and (whole := physical()) is not None:
        shared = [float(whole)]
    found = [*(free / _sharing for free in shared), _address_space()]
    return min((free for free in found if free is not None), default=None)


def share(processes: int, on_device: int) -> None:
    """Let this process claim no more than its share; for programs only.

    processes: that restore pictures on this machine; on_device: those of them on its device.
    """
    global _sharing, _on_device
    _sharing, _on_device = processes, on_device


def on_device() -> int:
    """How many processes use the device of this one."""
    return _on_device


def reuse() -> None:
    """Let this process use freed memory again instead of giving it back; for programs only.

    glibc maps every large array anew, and the pages that have to be cleared cost a fifth of the
    time of a restoration. Elsewhere nothing happens.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:  # not in musl
        mallopt(_MMAP_THRESHOLD, _REUSED)
        mallopt(_TRIM_THRESHOLD, _KEPT)


def physical() -> int | None:
    """Physical memory in bytes, None where the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def _meminfo() -> float | None:
    """Linux's own estimate of what can be had without swapping."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return int(found[0]) * 1024.0 if found else None


def _cgroup(root: Path = Path("/sys/fs/cgroup")) -> float | None:
    """What the container's limit leaves, of either version; None without a limit.

    Pages of files that would be given back do not count as used.
    """
    for limit, used, reclaimable in (
        ("memory.max", "memory.current", "inactive_file"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "total_inactive_file"),
    ):
        try:
            left = int((root / limit).read_text()) - int((root / used).read_text())
            lines = (root / used).with_name("memory.stat").read_text().splitlines()
        except (OSError, ValueError):  # absent, or "max"
            continue
        return left + sum(float(n) for name, n in map(str.split, lines) if name == reclaimable)
    return None


def _address_space() -> float | None:
    """What a limit like `ulimit -v` leaves; None without one."""
    try:
        import resource

        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (ImportError, OSError):  # Windows, macOS
        return None
    return None if limit == resource.RLIM_INFINITY else limit - pages * resource.getpagesize()
