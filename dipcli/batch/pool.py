"""Several pictures at once: spawned processes, the threads and the devices divided."""

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from dataclasses import dataclass, replace
from queue import Empty
from typing import Any

from dipcli.batch.outcome import Outcome, Status
from dipcli.batch.request import Job, Request
from dipcli.batch.work import Hooks, process_job
from dipcli.observers import Interrupt
from dipcli.system import cores, memory, waiting
from dipcli.system.ending import ENDING

_PASSED_ON = tuple(one for one in ENDING if one is not signal.SIGTERM)
_WATCHDOG = 0.5  # seconds between looks whether the parent still lives

Done = tuple[Outcome, list[str]]  # of one picture: its outcome and its notes


@dataclass(frozen=True)
class Workers:
    """Where pictures are sent.

    do: what the executor runs, to be pickled; slots: how many pictures it takes at a time, now;
    stop: tells those at hand to end after their step; replacement: a single worker for when
    one was killed, or None where there is none to be had.
    """

    executor: Executor
    do: Callable[[Job, Request], Done]
    slots: Callable[[], int]
    stop: Callable[[], None]
    replacement: Callable[[], contextlib.AbstractContextManager["Workers"]] | None = None


class _Worker:
    """What a worker process knows of itself."""

    interrupt = Interrupt(signals=(signal.SIGTERM,))
    device: str | None = None


@contextlib.contextmanager
def pool(workers: int, device: str, threads: int | None = None) -> Iterator[Workers]:
    """So many spawned processes, each with its share of threads, memory and GPUs; DeviceError.

    threads: of each, instead of its share.
    """
    context = multiprocessing.get_context("spawn")
    with _without_signals():
        devices: Any = context.Queue()  # starts a process that keeps account
    chosen = _devices(workers, device)
    for one in chosen:
        devices.put(one)
    threads = threads or max(1, cores.usable() // workers)
    shares = (workers, -(-workers // len(set(chosen))))
    told = (devices, threads, shares, os.getpid())
    executor = _Pool(workers, context, _initialise, told)
    try:
        yield Workers(
            executor,
            in_worker,
            lambda: workers,
            _terminate_workers,
            lambda: pool(1, device, threads),
        )
    except SystemExit:  # the second signal: nobody waits for the pictures at hand
        for child in multiprocessing.active_children():
            child.kill()
        raise
    finally:
        executor.shutdown(cancel_futures=True)
        devices.close()


class _Pool(ProcessPoolExecutor):
    """Whose processes are spared the signals of the terminal from their first moment on."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Start a process if one is lacking, and give it the work."""
        with _without_signals():
            return super().submit(fn, *args, **kwargs)


@contextlib.contextmanager
def _without_signals() -> Iterator[None]:
    """Processes that are started meanwhile get no Ctrl-C and no SIGHUP: these are passed on."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _PASSED_ON)  # what is started inherits it
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _devices(workers: int, device: str) -> list[str]:
    """A device for each worker: several GPUs in turn. Raises DeviceError."""
    if device == "cpu":
        return ["cpu"] * workers  # without waiting for torch
    import torch

    from dipcli.system import devices

    chosen = devices.choose(device)
    count = torch.cuda.device_count() if chosen.type == "cuda" and ":" not in device else 0
    return [f"cuda:{i % count}" if count else str(chosen) for i in range(workers)]


def _initialise(devices: Any, threads: int, shares: tuple[int, int], parent: int) -> None:
    """Prepare a worker: device, threads, memory; signals are the parent's to pass on as SIGTERM."""
    for one in _PASSED_ON:
        signal.signal(one, signal.SIG_IGN)
    memory.reuse()
    waiting.asleep()
    memory.share(*shares)
    _Worker.interrupt.__enter__()
    threading.Thread(target=_end_with_parent, args=(parent,), daemon=True).start()
    import torch

    torch.set_num_threads(threads)
    with contextlib.suppress(Empty):  # a worker that replaces a dead one decides by itself
        _Worker.device = devices.get(timeout=5)


def _end_with_parent(parent: int) -> None:
    """End this process when its parent is gone: nobody waits for its work any more."""
    while os.getppid() == parent:
        time.sleep(_WATCHDOG)
    os._exit(1)


def in_worker(job: Job, request: Request) -> Done:
    """Do a job in a worker process."""
    if _Worker.device is not None:
        request = replace(request, device=_Worker.device)
    return process_unless_stopped(job, request, _Worker.interrupt)


def process_unless_stopped(job: Job, request: Request, interrupt: Interrupt) -> Done:
    """Do a job away from where it was asked for; it is not begun after an interruption."""
    notes: list[str] = []
    if interrupt.signum is not None:
        return interrupted(job), notes
    return process_job(job, request, Hooks(interrupt, None, notes.append)), notes


def interrupted(job: Job) -> Outcome:
    """The outcome of a picture that was not begun, or of which nothing is left."""
    message = f"{job.name}: interrupted, nothing was written"
    return Outcome(
        status=Status.INTERRUPTED, name=job.name, output=str(job.output), message=message
    )


def _terminate_workers() -> None:
    """Tell the workers of this process to end after their step."""
    for child in multiprocessing.active_children():
        child.terminate()
