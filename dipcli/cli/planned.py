"""`--dry-run`: the plan, with what it will cost."""

from collections.abc import Callable, Sequence

from dipcli.batch import estimate
from dipcli.batch.outcome import Outcome, Status, worst
from dipcli.batch.plan import Plan
from dipcli.batch.preparing import settings_for
from dipcli.batch.request import Job, Request
from dipcli.batch.work import existing_outcome
from dipcli.cli.render import Console, duration
from dipcli.errors import DipError
from dipcli.system.naming import printable


def show_plan(
    plan: Plan,
    request: Request,
    console: Console,
    described: Callable[[Outcome], Outcome] = lambda outcome: outcome,
) -> int:
    """Tell what would be done, write nothing, and return the exit code so far known.

    described: adds to an outcome what else its JSON line tells.
    """
    outcomes = [
        *plan.failed,
        *(_planned(job, job.request or request, console) for job in plan.jobs),
    ]
    return show_outcomes(outcomes, console, several=plan.several, described=described)


def show_outcomes(
    outcomes: Sequence[Outcome],
    console: Console,
    *,
    several: bool = False,
    described: Callable[[Outcome], Outcome] = lambda outcome: outcome,
) -> int:
    """Tell of what is planned, and what all of it will cost; returns the exit code so far known."""
    for outcome in outcomes:
        console.json(described(outcome).to_json())
        if not outcome.bad:
            console.line(printable(_line(outcome)))
    planned = [one.record for one in outcomes if one.status is Status.PLANNED]
    if planned:
        total = sum(float(str(one["seconds"])) for one in planned)
        most = max(float(str(one["memory"])) for one in planned)
        console.line(
            f"{len(planned)} to do: about {duration(total)} on two CPU cores, "
            f"{most / 1e9:.1f} GB of memory"
        )
    if several:
        console.summary(list(outcomes), total=len(outcomes), code=worst(outcomes))
    console.errors(outcomes)
    return worst(outcomes)


def _planned(job: Job, request: Request, console: Console) -> Outcome:
    """What stands there already, or what it would take: with the settings of this very picture."""
    outcome = existing_outcome(job, request) if job.output is not None else None
    if outcome is not None:
        return outcome
    try:
        settings = settings_for(job, request, console.say)
    except (DipError, OSError) as error:
        code = error.exit_code if isinstance(error, DipError) else 1
        return Outcome(status=Status.FAILED, name=job.name, message=str(error), exit_code=code)
    facts: dict[str, object] = {
        "seconds": round(estimate.seconds(job, request, settings), 1),
        "memory": round(estimate.memory(job, request, settings)),
        "tiles": estimate.tiles(job, request, settings),
        "settings": settings.to_dict(),
    }
    output = "-" if job.output is None else str(job.output)
    return Outcome(status=Status.PLANNED, name=job.name, output=output, record=facts)


def _line(outcome: Outcome) -> str:
    if outcome.status is not Status.PLANNED:
        return f"{outcome.name} -> {outcome.output}  {outcome.status}"
    seconds = float(str(outcome.record["seconds"]))
    cut = outcome.record.get("tiles", 1)
    tiles = f"  in {cut} tiles" if cut != 1 else ""
    return f"{outcome.name} -> {outcome.output}  about {duration(seconds)}{tiles}"
