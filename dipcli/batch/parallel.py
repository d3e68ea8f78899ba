"""How many pictures at a time is best here, and with how many threads each: `--jobs auto`.

One picture has all cores as threads, of which small operations make little use: two threads took
twice the CPU time of one for 64x64 and 256x256. So a folder has a process for each core, with one
thread; fewer processes with more threads where memory or pictures do not reach. The threads do not
depend on how busy the machine is, as the last bits of a result may depend on them; what is busy, or
little work, only lets fewer processes begin.
"""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from dipcli.batch import estimate
from dipcli.batch.cluster import cluster
from dipcli.batch.pool import Workers, pool
from dipcli.batch.request import Job, Request
from dipcli.settings import Settings
from dipcli.system import cores, memory

WORTH = 10.0  # seconds of work; a process takes two to start, and saves a fifth and more
ROOM = 0.8  # of the memory that can be had


@dataclass(frozen=True)
class Division:
    """processes: pictures at a time; threads: of each, None for as many as it takes."""

    processes: int
    threads: int | None = None


def workers_for(
    jobs: Sequence[Job], request: Request, count: int | None, address: str | None
) -> contextlib.AbstractContextManager[Workers | None]:
    """Workers at the address of a cluster, or processes here; None: this process alone.

    count: of pictures at a time, None for as many as pay. Raises DeviceError, UsageError.
    """
    if address is not None:
        return cluster(address)
    asked = Division(min(count, len(jobs))) if count else best_division(jobs, request)
    if asked.processes > 1:
        return pool(asked.processes, request.device, asked.threads)
    if asked.threads is not None:
        cores.limit_threads(asked.threads)
    return contextlib.nullcontext()


def best_division(jobs: Sequence[Job], request: Request) -> Division:
    """How to do these jobs. Raises DeviceError."""
    if len(jobs) < 2:
        return Division(1)
    if request.device != "cpu" and (count := _accelerators(request.device)):
        return Division(min(count, len(jobs)))
    work, largest = _work(jobs, request)
    room, usable = memory.available(), cores.usable()
    fitting = usable if room is None else int(ROOM * room / largest)
    most = max(1, min(usable, len(jobs), fitting))
    return Division(1 if work < WORTH else min(most, cores.idle()), max(1, usable // most))


def _accelerators(device: str) -> int:
    """How many devices other than the CPU there are for a request; each does one at a time."""
    import torch

    from dipcli.system import devices

    chosen = devices.choose(device)
    if chosen.type == "cpu":
        return 0
    return torch.cuda.device_count() if chosen.type == "cuda" and ":" not in device else 1


def _work(jobs: Sequence[Job], request: Request) -> tuple[float, float]:
    """Seconds of all jobs together, and bytes of the largest, with the dearest settings that a
    picture of theirs can get: which it gets is known once it is read.
    """
    found: dict[tuple[int, int, int], tuple[float, float]] = {}  # most pictures are of one size
    total = largest = 0.0
    for job in jobs:
        asked = job.request or request
        key = (job.header.height, job.header.width, id(asked))
        if key not in found:
            kinds = _kinds(asked)
            seconds = max(estimate.seconds(job, asked, one) for one in kinds)
            found[key] = seconds, max(estimate.memory(job, asked, one) for one in kinds)
        total, largest = total + found[key][0], max(largest, found[key][1])
    return total, largest


def _kinds(request: Request) -> list[Settings]:
    """The settings that each kind of picture would have."""
    task = request.task_class
    options = task.Options().override(**request.options)
    found: list[Settings] = task.possible_settings(options, request.preset, **request.overrides)
    return found
