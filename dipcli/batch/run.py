"""A plan carried out, in this process or by workers, one outcome per picture."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial

from dipcli.batch import claims
from dipcli.batch.outcome import Outcome, Status
from dipcli.batch.plan import Plan
from dipcli.batch.pool import Workers
from dipcli.batch.reporter import Reporter
from dipcli.batch.reporting import Report
from dipcli.batch.request import Job, Request
from dipcli.batch.spread import spread
from dipcli.batch.work import Hooks, process_job
from dipcli.observers import Interrupt
from dipcli.pictures import is_null, remove_litter

PATIENCE = 10.0  # seconds to wait for pictures that another process is making
POLL = 0.2  # seconds between looks whether they are made


def run(
    plan: Plan,
    request: Request,
    reporter: Reporter,
    interrupt: Interrupt,
    workers: Workers | None = None,
    report: Report | None = None,
) -> list[Outcome]:
    """Do every job; after an interruption the rest is left undone. report: what shows them all.

    Raises DeviceError before the first step if the device is not there.
    """
    sweep(plan.jobs)
    reporter.begin(len(plan.jobs) + len(plan.failed))
    outcomes: list[Outcome] = []

    def finish(outcome: Outcome) -> None:
        if report is not None:
            report.add(outcome)
        outcomes.append(replace(outcome, view=None))
        reporter.finish(outcome)

    for outcome in plan.failed:
        finish(outcome)
    doing = _in_this_process if workers is None else partial(spread, workers)
    waiting = []
    for job, outcome in doing(plan.jobs, request, reporter, interrupt):
        if outcome.status is Status.ELSEWHERE:
            waiting.append(job)
            reporter.leave(job.name)
            continue
        finish(outcome)
    for outcome in _revisit(waiting, request, reporter, interrupt, single=not plan.several):
        finish(outcome)
    return outcomes


def sweep(jobs: Iterable[Job]) -> None:
    """Remove what killed processes left in the folders of the outputs."""
    written = (path for job in jobs for path in (job.output, *job.sides) if path)
    for folder in {path.parent for path in written if not is_null(path)}:
        if folder.is_dir():
            remove_litter(folder)
            claims.remove_stale(folder)


def _in_this_process(
    jobs: Iterable[Job], request: Request, reporter: Reporter, interrupt: Interrupt
) -> Iterator[tuple[Job, Outcome]]:
    """One after the other in this process."""
    hooks = Hooks(interrupt, reporter.step, reporter.note)
    for job in jobs:
        if interrupt.signum is not None:
            return
        reporter.start(job.name)
        yield job, process_job(job, job.request or request, hooks)


def _revisit(
    jobs: list[Job], request: Request, reporter: Reporter, interrupt: Interrupt, *, single: bool
) -> Iterator[Outcome]:
    """Pictures that another process had: wait a little for them, or for that process to die."""
    until = time.monotonic() + PATIENCE
    while jobs and interrupt.signum is None:
        time.sleep(POLL)
        late = time.monotonic() > until
        busy = []
        for job, outcome in _in_this_process(jobs, request, reporter, interrupt):
            if outcome.status is Status.ELSEWHERE and not late:
                busy.append(job)
                reporter.leave(job.name)
                continue
            until = time.monotonic() + PATIENCE
            if outcome.status is Status.ELSEWHERE and single:
                outcome = replace(outcome, status=Status.FAILED, exit_code=1)
            yield outcome
        jobs = busy
