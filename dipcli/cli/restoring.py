"""From the options of a restoring command to a request, a plan, and its exit code."""

import contextlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from dipcli.batch.outcome import Outcome, worst
from dipcli.batch.plan import Places, Plan, make_plan
from dipcli.batch.preparing import tell_unused
from dipcli.batch.request import ALPHA, Request
from dipcli.batch.streams import hurry_if
from dipcli.cli import config
from dipcli.cli.config import FILE, folder_settings
from dipcli.cli.options import OVERRIDES
from dipcli.cli.render import Console
from dipcli.cli.reporters import choose_reporter
from dipcli.errors import UsageError
from dipcli.presets.values import resolve
from dipcli.settings import Settings
from dipcli.stages import unused
from dipcli.system import waiting
from dipcli.tasks import TASKS

_STOPS_AT_ONCE = "finishing this step, then writing the best so far; once more quits at once"


@dataclass(frozen=True)
class Manner:
    """How the work is shown and spread, which no result depends on."""

    as_json: bool
    quiet: bool
    verbose: bool
    debug: bool
    dry_run: bool
    jobs: int
    cluster: str | None


def restoring(task: str, options: Mapping[str, object], shared: Mapping[str, Any]) -> int:
    """Do what a restoring command was asked for; returns the exit code."""
    assert task in config.COMMANDS
    try:
        return _restoring(task, options, shared)
    except UsageError as error:
        place = config.blamed(str(error))
        if place is None:
            raise
        raise UsageError(f"{place}: {error}") from error


def _restoring(task: str, options: Mapping[str, object], shared: Mapping[str, Any]) -> int:
    given = {name: value for name, value in options.items() if value is not None}
    manner = Manner(**{name: shared[name] for name in Manner.__dataclass_fields__})
    request = _request(task, given, shared)
    made = TASKS[task]
    kind = request.kind or made.kinds[0]
    settings = resolve(made.Settings, made.presets, request.preset, kind).override(
        **request.overrides
    )
    _check(request, settings, shared, manner)
    console = Console(quiet=manner.quiet, as_json=manner.as_json)
    telling = tell_unused(request, settings, seed=True)
    if telling:
        console.say(telling)
        used = request.without(unused(settings.to_dict()))
        request = replace(used, seed=request.seed)  # which still may name the result
    if request.from_folder:
        console.say(f"settings from {FILE}: {', '.join(request.from_folder)}")
    places = Places(
        inputs=shared["inputs"],
        output=shared["output"],
        name=shared["name"],
        recursive=shared["recursive"],
        shard=shared["shard"],
        stdin=_stdin() if "-" in shared["inputs"] else None,
        settings=config.paths(),
    )
    plan = make_plan(places, request)
    if manner.dry_run:
        from dipcli.cli.planned import show

        return show(plan, request, settings, console)
    return _carry_out(plan, request, manner, console)


def _stdin() -> bytes:
    if sys.stdin is None:
        raise UsageError("standard input is closed")
    return sys.stdin.buffer.read()


def _request(task: str, options: Mapping[str, object], shared: Mapping[str, Any]) -> Request:
    mask = shared.get("mask")
    return Request(
        task=task,
        options=options,
        preset=shared["preset"],
        overrides={name: shared[name] for name in OVERRIDES if _is_set(name, shared[name])},
        device=shared["device"],
        seed=shared["seed"],
        crop=shared["crop"],
        mask=mask if mask in (None, ALPHA) else Path(mask),
        invert_mask=shared.get("invert_mask", False),
        protect=Path(shared["protect"]) if shared.get("protect") else None,
        reference=shared["reference"],
        gif=shared["gif"],
        gif_every=shared["gif_every"],
        curve=shared["curve"],
        uncertainty=shared["uncertainty"],
        format=shared["format"],
        quality=shared["jpeg_quality"],
        max_pixels=shared["max_pixels"],
        overwrite=shared["overwrite"],
        preserve=shared["preserve"],
        keep_partial=not shared["no_partial"],
        checkpoint=shared["checkpoint"],
        from_folder=tuple(folder_settings()),
    )


def _is_set(name: str, value: object) -> bool:
    """Whether the user gave it; "auto" leaves the stopping rule to the preset."""
    return value is not None and not (name == "stop" and value == "auto")


def _check(request: Request, settings: Settings, shared: Mapping[str, Any], manner: Manner) -> None:
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
        if not settings.compares or request.task == "fit":
            raise UsageError("--uncertainty compares runs; give --runs 2 or more")
    to_stdout = shared["output"] == "-" or ("-" in shared["inputs"] and not shared["output"])
    if to_stdout and manner.as_json:
        raise UsageError("the picture and --json cannot both go to standard output; give -o FILE")
    if (to_stdout or manner.as_json) and sys.stdout is None:
        raise UsageError("standard output is closed; give -o FILE")
    if to_stdout and not manner.dry_run and sys.stdout.isatty():
        raise UsageError("a picture would go to the terminal; give -o FILE or redirect the output")
    if manner.cluster is not None and manner.jobs > 1:
        raise UsageError("--jobs is for this machine; with --cluster its workers decide")
    if manner.cluster is not None and to_stdout:
        raise UsageError("--cluster needs files that its workers can write; give -o FILE")
    if len(shared["inputs"]) != len(set(shared["inputs"])):
        raise UsageError("an input is named twice")


def _carry_out(plan: Plan, request: Request, manner: Manner, console: Console) -> int:
    waiting.asleep()
    from dipcli.batch.cluster import cluster
    from dipcli.batch.pool import pool
    from dipcli.batch.run import run
    from dipcli.observers import Interrupt

    interrupt = Interrupt(lambda: console.say(_STOPS_AT_ONCE))
    hurry_if(lambda: interrupt.came)
    with interrupt, contextlib.ExitStack() as stack:
        reporter = stack.enter_context(
            choose_reporter(console, several=plan.several, verbose=manner.verbose)
        )
        workers = None
        if manner.cluster is not None:
            workers = stack.enter_context(cluster(manner.cluster))
        elif manner.jobs > 1 and len(plan.jobs) > 1:
            workers = stack.enter_context(pool(min(manner.jobs, len(plan.jobs)), request.device))
        outcomes = run(plan, request, reporter, interrupt, workers)
        stack.close()
        code = interrupt.exit_code or worst(outcomes)
        _conclude(plan, outcomes, manner, console, code)
    return code


def _conclude(
    plan: Plan, outcomes: list[Outcome], manner: Manner, console: Console, code: int
) -> None:
    """The summary of several pictures, the failures last."""
    if plan.several:
        console.summary(outcomes, total=len(plan.jobs) + len(plan.failed), code=code)
    if manner.debug:
        for outcome in outcomes:
            if outcome.bad and outcome.trace:
                click.echo(outcome.trace, err=True)
    console.errors(outcomes)
