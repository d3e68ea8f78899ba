"""Pictures whose results would get in each other's way: those alone are refused."""

from collections.abc import Sequence
from pathlib import Path

from dipcli.batch.outputs import output_files
from dipcli.batch.request import Job

_MOST_NAMED = 2  # pictures that a message names; of more it tells the number


def without_collisions(jobs: Sequence[Job]) -> tuple[list[Job], dict[str, str]]:
    """The jobs that get in nobody's way, and for each of the others what it collides with.

    Two files must not become one, and none an input. All that collide in one file have one
    message, so that it can be told once.
    """
    inputs = {job.source.resolve(): job.name for job in jobs if isinstance(job.source, Path)}
    wanted: dict[Path, list[Job]] = {}
    for job in jobs:
        for path in output_files(job):
            wanted.setdefault(path.resolve(), []).append(job)
    refused: dict[str, str] = {}
    for place, makers in wanted.items():
        path = next(p for p in output_files(makers[0]) if p.resolve() == place)
        if place in inputs:
            why = f"{path} is itself an input ({inputs[place]}); use another -o"
        elif len(makers) > 1:
            why = _collision(path, makers)
        else:
            continue
        for job in makers:
            refused.setdefault(job.name, why)
    return [job for job in jobs if job.name not in refused], refused


def _collision(path: Path, makers: Sequence[Job]) -> str:
    """What to tell of several files that would be one, and what would tell them apart."""
    names = list(dict.fromkeys(job.name for job in makers))
    if len(names) == 1:
        return f"{path} would be two results of {names[0]}; name them apart"
    more = len(names) - _MOST_NAMED
    called = (
        " and ".join(names) if not more else f"{', '.join(names[:_MOST_NAMED])} and {more} more"
    )
    return f"{called} would {'all' if more else 'both'} become {path}; {_remedy(makers)}"


def _remedy(makers: Sequence[Job]) -> str:
    """The field of a name in which these inputs differ, if there is one."""
    inputs = [Path(job.relative) for job in makers]
    if len({one.suffix for one in inputs}) == len(inputs):
        return "--name '{stem}_{ext}{suffix}' tells them apart"
    if len({one.stem for one in inputs}) == len(inputs):
        return "put {stem} into the name to tell them apart"
    return "use another folder for each"
