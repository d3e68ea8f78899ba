"""`dip presets`."""

import json

import click

from dipcli import presets as table
from dipcli.cli.config import COMMANDS


@click.command()
@click.argument("name", required=False, type=click.Choice(table.names()))
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def presets(name: str | None, as_json: bool) -> int:
    """Show what each preset holds, and why.

    \b
    dip presets
    dip presets paper --json
    """
    names = [name] if name else list(table.names())
    if as_json:
        found = {
            one: {
                "settings": {task: table.resolve(task, one).to_dict() for task in COMMANDS},
                "reasons": table.describe(one),
            }
            for one in names
        }
        click.echo(json.dumps(found, indent=2))
        return 0
    for one in names:
        click.echo(one)
        for row in table.describe(one):
            place = " ".join(str(row[key]) for key in ("task", "kind") if row[key]) or "every task"
            value = row["value"]
            shown = ",".join(map(str, value)) if isinstance(value, tuple | list) else value
            click.echo(f"  {place:<20} {row['field']} = {shown}")
            click.echo(f"  {'':<20}   {row['reason']}")
    return 0
