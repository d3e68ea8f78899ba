"""`--dry-run`: the plan, with what it will cost."""

from dipcli.batch import estimate
from dipcli.batch.outcome import Outcome, Status, worst
from dipcli.batch.plan import Plan
from dipcli.batch.request import Request
from dipcli.batch.work import standing
from dipcli.cli.render import Console, duration
from dipcli.settings import Settings
from dipcli.system.naming import printable


def show(plan: Plan, request: Request, settings: Settings, console: Console) -> int:
    """Tell what would be done, write nothing, and return the exit code so far known."""
    outcomes = list(plan.failed)
    total, most = 0.0, 0.0
    for job in plan.jobs:
        outcome = standing(job, request) if job.output is not None else None
        if outcome is None:
            seconds = estimate.seconds(job, request, settings)
            size = estimate.memory(job, request, settings)
            total, most = total + seconds, max(most, size)
            facts: dict[str, object] = {"seconds": round(seconds, 1), "memory": round(size)}
            facts["tiles"] = estimate.tiles(job, request, settings)
            output = "-" if job.output is None else str(job.output)
            outcome = Outcome(status=Status.PLANNED, name=job.name, output=output, record=facts)
        outcomes.append(outcome)
    for outcome in outcomes:
        console.json(outcome.to_json())
        if not outcome.bad:
            console.line(printable(_line(outcome)))
    planned = sum(outcome.status is Status.PLANNED for outcome in outcomes)
    if planned:
        console.line(
            f"{planned} to do: about {duration(total)} on two CPU cores, "
            f"{most / 1e9:.1f} GB of memory"
        )
    if plan.several:
        console.summary(outcomes, total=len(outcomes), code=worst(outcomes))
    console.errors(outcomes)
    return worst(outcomes)


def _line(outcome: Outcome) -> str:
    if outcome.status is not Status.PLANNED:
        return f"{outcome.name} -> {outcome.output}  {outcome.status}"
    seconds = float(str(outcome.record["seconds"]))
    tiles = f"  in {outcome.record['tiles']} tiles" if outcome.record["tiles"] != 1 else ""
    return f"{outcome.name} -> {outcome.output}  about {duration(seconds)}{tiles}"
