"""From the options of a restoring command to a request, a plan, and its exit code."""

import contextlib
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import click

from dipcli.batch.outcome import Outcome, worst
from dipcli.batch.plan import Places, Plan, make_plan
from dipcli.batch.preparing import tell_unused
from dipcli.batch.reporter import Reporter
from dipcli.batch.request import Request
from dipcli.batch.streams import give_up_if
from dipcli.cli import config
from dipcli.cli.answers import answer
from dipcli.cli.beginning import inputs_of, with_canvas
from dipcli.cli.config import FILE, folder_settings
from dipcli.cli.painting import paint, painted_companion
from dipcli.cli.render import Console
from dipcli.cli.reporters import choose_reporter
from dipcli.errors import UsageError
from dipcli.settings import AUTO, Settings, spec_of
from dipcli.stages import unused
from dipcli.system import waiting
from dipcli.tasks import Task
from dipcli.tasks.companions import ALPHA

_STOPS_AT_ONCE = "finishing this step, then writing the best so far; once more quits at once"


@dataclass(frozen=True)
class RunOptions:
    """How a run is shown and spread over workers; no result depends on it."""

    as_json: bool
    quiet: bool
    verbose: bool
    debug: bool
    dry_run: bool
    jobs: int | None  # None: as many as pay
    cluster: str | None


def restore_command(task: type[Task[Any, Any]], values: Mapping[str, Any]) -> int:
    """Do what the command of a task was asked for; returns the exit code."""
    try:
        return _restore(task, values)
    except UsageError as error:
        place = config.place_of_error(str(error))
        if place is None:
            raise
        raise UsageError(f"{place}: {error}") from error


def _restore(task: type[Task[Any, Any]], values: Mapping[str, Any]) -> int:
    run_options = RunOptions(**{name: values[name] for name in RunOptions.__dataclass_fields__})
    if task.question and values[task.question]:
        return answer(task, values)
    values = {**values, "inputs": inputs_of(task, values)}
    painted = painted_companion(task, values)
    request = request_of(task, values)
    kinds = task.possible_settings(
        task.Options().override(**request.options), request.preset, **request.overrides
    )
    check(request, kinds, values, run_options)
    console = Console(quiet=run_options.quiet, as_json=run_options.as_json)
    telling = tell_unused(request, *kinds, seed=True)
    if telling:
        console.say(telling)
        request = without_idle(request, kinds)
    if request.from_folder:
        console.say(f"settings from {FILE}: {', '.join(request.from_folder)}")
    places = with_canvas(places_of(values), task, request)
    if painted is not None:
        return paint(painted, places, request, console, browser=not values["no_browser"])
    plan = make_plan(places, request)
    if run_options.dry_run:
        from dipcli.cli.planned import show_plan

        return show_plan(plan, request, console)
    return carry_out(plan, request, run_options, console)


def idle_of(kinds: Sequence[Settings]) -> frozenset[str]:
    """The settings that change nothing for any kind of picture."""
    return frozenset.intersection(*(unused(one.to_dict()) for one in kinds))


def without_idle(request: Request, kinds: Sequence[Settings]) -> Request:
    """The request without them, but for the seed, which may name the result."""
    return replace(request.without(idle_of(kinds)), seed=request.seed)


def places_of(values: Mapping[str, Any]) -> Places:
    """Where to read and to write."""
    return Places(
        inputs=values["inputs"],
        output=values["output"],
        name=values["name"],
        recursive=values["recursive"],
        shard=values["shard"],
        stdin=_stdin() if "-" in values["inputs"] else None,
        settings=config.paths(),
    )


def _stdin() -> bytes:
    if sys.stdin is None:
        raise UsageError("standard input is closed; give a FILE, or send a picture into it")
    return sys.stdin.buffer.read()


def request_of(task: type[Task[Any, Any]], values: Mapping[str, Any]) -> Request:
    """What was given, by what the task declares; what is as by default is not told."""
    companions = {one.name: values[one.name] for one in task.companions if values[one.name]}
    flags = [one.name for one in fields(task.Settings) if spec_of(one).flag]
    options = {one.name: values[one.name] for one in fields(task.Options)}
    return Request(
        task=task.name,
        options=task.Options().override(**options).given(),
        preset=values["preset"],
        overrides={n: values[n] for n in flags if values[n] not in (None, AUTO)},
        device=values["device"],
        seed=values["seed"],
        crop=values["crop"],
        companions={n: path if path == ALPHA else Path(path) for n, path in companions.items()},
        reference=values["reference"],
        gif=values["gif"],
        gif_every=values["gif_every"],
        curve=values["curve"],
        uncertainty=values["uncertainty"],
        report=values["report"],
        format=values["format"],
        quality=values["jpeg_quality"],
        max_pixels=values["max_pixels"],
        overwrite=values["overwrite"],
        preserve=values["preserve"],
        keep_partial=not values["no_partial"],
        checkpoint=values["checkpoint"],
        from_folder=tuple(folder_settings()),
    )


def check(
    request: Request, kinds: Sequence[Settings], shared: Mapping[str, Any], run_options: RunOptions
) -> None:
    """What can be told from the options alone; raises UsageError."""
    from dipcli.observers import check_animation_suffix, check_curve_suffix
    from dipcli.pictures import format_for_suffix

    if request.gif:
        check_animation_suffix(Path(request.gif))
    elif request.gif_every:
        raise UsageError("--gif-every needs --gif")
    if request.curve:
        check_curve_suffix(Path(request.curve))
    if request.uncertainty:
        if format_for_suffix(Path(request.uncertainty).suffix) is None:
            raise UsageError(f"--uncertainty {request.uncertainty}: name a picture, such as .png")
        if not any(one.compares for one in kinds):
            raise UsageError("--uncertainty compares runs; give --runs 2 or more")
    to_stdout = shared["output"] == "-" or ("-" in shared["inputs"] and not shared["output"])
    if to_stdout and run_options.as_json:
        raise UsageError("the picture and --json cannot both go to standard output; give -o FILE")
    if (to_stdout or run_options.as_json) and sys.stdout is None:
        raise UsageError("standard output is closed; give -o FILE")
    if to_stdout and not run_options.dry_run and sys.stdout.isatty():
        raise UsageError("a picture would go to the terminal; give -o FILE or redirect the output")
    if run_options.cluster is not None and run_options.jobs != 1:
        raise UsageError("--jobs is for this machine; with --cluster its workers decide")
    if run_options.cluster is not None and to_stdout:
        raise UsageError("--cluster needs files that its workers can write; give -o FILE")
    given = shared["inputs"]
    again = next((one for one in given if given.count(one) > 1), None)
    if again is not None:
        raise UsageError(f"{again} is given {given.count(again)} times; give it once")


def carry_out(
    plan: Plan,
    request: Request,
    run_options: RunOptions,
    console: Console,
    watched: Callable[[Reporter], Reporter] = lambda reporter: reporter,
    after: Callable[[list[Outcome]], Mapping[str, Path]] = lambda outcomes: {},
) -> int:
    """Run the plan and say how it ended; returns the exit code.

    watched: makes of who tells the user another one; after: called with all outcomes, returns the
    pictures of all together that the page of a report begins with, by what they show.
    """
    waiting.asleep()
    from dipcli.batch.parallel import workers_for
    from dipcli.batch.reporting import Report
    from dipcli.batch.run import run
    from dipcli.observers import Interrupt

    interrupt = Interrupt(lambda: console.say(_STOPS_AT_ONCE))
    give_up_if(lambda: interrupt.came)
    with interrupt, contextlib.ExitStack() as stack:
        reporter = stack.enter_context(
            choose_reporter(console, several=plan.several, verbose=run_options.verbose)
        )
        asked = run_options.jobs, run_options.cluster
        workers = stack.enter_context(workers_for(plan.jobs, request, *asked))
        report = Report(request.report, plan, request) if request.report else None
        outcomes = run(plan, request, watched(reporter), interrupt, workers, report)
        stack.close()
        sheets = after(outcomes)
        if report and outcomes:
            console.line(f"report: {report.write(sheets)}")
        code = interrupt.exit_code or worst(outcomes)
        _conclude(plan, outcomes, run_options, console, code)
    return code


def _conclude(
    plan: Plan, outcomes: list[Outcome], run_options: RunOptions, console: Console, code: int
) -> None:
    """The summary of several pictures, the failures last."""
    if plan.several:
        console.summary(outcomes, total=len(plan.jobs) + len(plan.failed), code=code)
    if run_options.debug:
        for outcome in outcomes:
            if outcome.bad and outcome.trace:
                click.echo(outcome.trace, err=True)
    console.errors(outcomes)
