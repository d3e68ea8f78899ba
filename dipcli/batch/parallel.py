"""How many pictures at a time is best here: `--jobs auto`.

One picture has all cores as threads, of which small operations make little use; a folder has a
process for each core, with one thread. As many processes as there are idle cores, no more than
whose largest pictures fit into memory as they are, and one alone where the others would not be
worth their start.
"""

from collections.abc import Sequence

from dipcli.batch import estimate
from dipcli.batch.request import Job, Request
from dipcli.settings import Settings
from dipcli.system import cores, memory

WORTH = 10.0  # seconds of work; a process takes two to start, and saves a fifth and more
ROOM = 0.8  # of the memory that can be had


def best_number(jobs: Sequence[Job], request: Request) -> int:
    """How many of these jobs to do at a time, at least 1. Raises DeviceError."""
    if len(jobs) < 2:
        return 1
    if request.device != "cpu" and (count := _accelerators(request.device)):
        return min(count, len(jobs))
    work, largest = _work(jobs, request)
    most = min(len(jobs), cores.idle())
    if work < WORTH or most == 1:
        return 1
    room = memory.available()
    return most if room is None else max(1, min(most, int(ROOM * room / largest)))


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
