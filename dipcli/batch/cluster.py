"""Pictures sent to a Dask cluster whose workers see the same files under the same paths."""

import contextlib
import logging
import secrets
import signal
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import dipcli
from dipcli.batch.pool import Done, Workers, process_unless_stopped
from dipcli.batch.request import Job, Request
from dipcli.errors import UsageError
from dipcli.observers import Interrupt

TIMEOUT = 10.0  # seconds for the scheduler to answer

_interrupts: defaultdict[str, Interrupt] = defaultdict(Interrupt)  # of a worker: by run


@contextlib.contextmanager
def cluster(address: str) -> Iterator[Workers]:
    """The workers of the scheduler at `address`, such as tcp://host:8786. Raises UsageError."""
    client = _connected(address)
    run = secrets.token_hex(8)
    try:
        _check_workers(client, address)
        yield Workers(
            executor=client.get_executor(pure=False),
            do=partial(_on_worker, run=run, here=Path.cwd()),
            slots=lambda: max(1, sum(client.nthreads().values())),
            stop=lambda: client.run(_stop, run),
        )
    finally:
        client.close()


def _connected(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError as error:
        raise UsageError("--cluster needs Dask; pip install 'dipcli[cluster]'") from error
    for name in logging.root.manager.loggerDict:
        if name.partition(".")[0] == "distributed":  # what it tells, we tell
            logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        return Client(address, timeout=TIMEOUT, set_as_default=False)
    except OSError as error:
        raise UsageError(f"no Dask scheduler answers at {address}; start one there") from error


def _check_workers(client: Any, address: str) -> None:
    """Raise UsageError unless there are workers, with this version of dip."""
    try:
        versions = client.run(_version)
    except ImportError as error:
        raise UsageError(f"the workers of {address} lack dipcli; install it there") from error
    if not versions:
        raise UsageError(f"the scheduler at {address} has no workers; start some (dask worker)")
    for worker, version in versions.items():
        if version != dipcli.__version__:
            here = f"here is {dipcli.__version__}; install the same on both"
            raise UsageError(f"the worker {worker} has dip {version}, {here}")


def _version() -> str:
    return dipcli.__version__


def _stop(run: str) -> None:
    """On a worker: end the pictures of this run after their step."""
    _interrupts[run].signum = signal.SIGTERM


def _on_worker(job: Job, request: Request, *, run: str, here: Path) -> Done:
    """On a worker: do a job whose paths are seen from the folder `here`."""
    absolute: dict[str, Any] = {
        one.name: here / path
        for one in fields(job)
        if isinstance(path := getattr(job, one.name), Path)
    }
    companions = {name: here / one for name, one in job.companions.items() if isinstance(one, Path)}
    absolute["companions"] = {**job.companions, **companions}
    if request.checkpoint:
        request = replace(request, checkpoint=here / request.checkpoint)
    outcome, notes = process_unless_stopped(
        replace(job, **absolute, planned=()), request, _interrupts[run]
    )
    if outcome.output == str(absolute.get("output")):
        outcome = replace(outcome, output=str(job.output))
    return outcome, notes
