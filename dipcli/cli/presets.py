"""`dip presets`."""

import json
from typing import Any

import click

from dipcli.presets.values import NAMES, described, resolve
from dipcli.tasks import TASKS, Task


@click.command()
@click.argument("name", required=False, type=click.Choice(NAMES))
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def presets(name: str | None, as_json: bool) -> int:
    """Show what each preset holds, and why.

    \b
    dip presets
    dip presets paper --json
    """
    names = [name] if name else list(NAMES)
    if as_json:
        found = {
            one: {
                "settings": {name: _settings(task, one)[0] for name, task in _having(one)},
                "kinds": {name: _settings(task, one)[1] for name, task in _having(one)},
                "reasons": _reasons(one),
            }
            for one in names
        }
        click.echo(json.dumps(found, indent=2))
        return 0
    for one in names:
        click.echo(one)
        for row in _reasons(one):
            place = " ".join(str(row[key]) for key in ("task", "kind") if row[key]) or "every task"
            value = row["value"]
            shown = ",".join(map(str, value)) if isinstance(value, tuple | list) else value
            click.echo(f"  {place:<20} {row['field']} = {shown}")
            click.echo(f"  {'':<20}   {row['reason']}")
    return 0


def _having(preset: str) -> list[tuple[str, type[Task[Any, Any]]]]:
    """The tasks that have it."""
    return [(name, task) for name, task in TASKS.items() if preset in task.presets]


def _settings(
    task: type[Task[Any, Any]], preset: str
) -> tuple[dict[str, object], dict[str, object]]:
    """What the usual kind of picture gets, and every kind."""
    found = {k: resolve(task.Settings, task.presets, preset, k).to_dict() for k in task.kinds}
    return found[task.kinds[0]], {kind or "usual": settings for kind, settings in found.items()}


def _reasons(preset: str) -> list[dict[str, object]]:
    return [row for name, task in TASKS.items() for row in described(name, task.presets, preset)]
