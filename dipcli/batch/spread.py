"""Jobs spread over workers: so many at a time, and none lost with a worker that is killed."""

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Future, wait

from dipcli.batch.outcome import Outcome, Status
from dipcli.batch.pool import Done, Workers
from dipcli.batch.reporter import Reporter
from dipcli.batch.request import Job, Request
from dipcli.errors import DipError
from dipcli.observers import Interrupt

_POLL = 0.2  # seconds between looks for a signal
_Ends = Generator[tuple[Job, Outcome], None, list[Job]]


def spread(
    workers: Workers,
    jobs: Iterable[Job],
    request: Request,
    reporter: Reporter,
    interrupt: Interrupt,
) -> Iterator[tuple[Job, Outcome]]:
    """As many at once as there are slots; the first signal is passed on to the workers.

    A process that is killed takes the whole pool with it. What was at hand and the rest are
    then done one at a time, so that the picture at fault (too large, most likely) fails alone.
    """
    rest = deque(jobs)
    lost = yield from _until_broken(workers, rest, request, reporter, interrupt)
    if workers.replacement is None:
        yield from (
            (job, _lost(job, "the workers are gone; run the same line again")) for job in lost
        )
        return
    if lost and interrupt.signum is None:
        reporter.note("a worker process was killed (out of memory?); going on one at a time")
        rest.extendleft(reversed(lost))
    while lost and rest and interrupt.signum is None:
        with workers.replacement() as single:
            gone = yield from _until_broken(single, rest, request, reporter, interrupt)
        yield from ((job, _lost(job, "its process was killed (out of memory?)")) for job in gone)


def _until_broken(
    workers: Workers,
    rest: deque[Job],
    request: Request,
    reporter: Reporter,
    interrupt: Interrupt,
) -> _Ends:
    """Do the rest, taking from its left; returns what was at hand when the workers broke."""
    pending: dict[Future[Done], Job] = {}
    lost: list[Job] = []
    stopped = False
    while True:
        if interrupt.signum is not None and not stopped:
            stopped = True
            workers.stop()
        while rest and not stopped and not lost and len(pending) < workers.slots():
            job = rest.popleft()
            try:
                asked = job.request or request
                pending[workers.executor.submit(workers.do, job, asked)] = job
            except RuntimeError:  # broken or closed since
                lost.append(job)
            else:
                reporter.start(job.name)
        if not pending:
            return lost
        for future in wait(pending, _POLL, FIRST_COMPLETED).done:
            job = pending.pop(future)
            try:
                outcome, notes = future.result()
            except (BrokenExecutor, CancelledError):
                lost.append(job)
                reporter.leave(job.name)
                continue
            except DipError:
                raise  # the same for every picture
            except Exception as error:  # noqa: BLE001 - whatever an executor tells of its worker
                outcome, notes = _lost(job, f"its worker was lost ({type(error).__name__})"), []
            for text in notes:
                reporter.note(text)
            yield job, outcome


def _lost(job: Job, why: str) -> Outcome:
    return Outcome(
        status=Status.FAILED,
        name=job.name,
        output=str(job.output),
        message=f"{job.name}: {why}",
        exit_code=1,
    )
