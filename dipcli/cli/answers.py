"""What a command prints when it is asked instead of told: the layers of a model."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from dipcli.batch.request import word
from dipcli.errors import ModelError
from dipcli.system.files import Contents
from dipcli.system.naming import printable
from dipcli.tasks import Task


def answer(task: type[Task[Any, Any]], values: Mapping[str, Any]) -> int:
    """Print the rows of the task's answer as a table, or as JSON lines; raises DipError."""
    given = {one.name: values[one.name] for one in fields(task.Options)}
    files = {one.keyword: Path(values[one.name]) for one in task.companions if one.data}
    for path in files.values():
        if not path.is_file():
            raise ModelError(f"{path} is no file; give that of the model")
    beside = {name: Contents.of(path) for name, path in files.items()}
    rows = task.answer(task.Options().override(**given), **beside)
    if values["as_json"]:
        lines = [json.dumps(row) for row in rows]
    else:
        lines = aligned([[*rows[0]], *([word(cell) for cell in row.values()] for row in rows)])
    for line in lines:
        click.echo(printable(line))
    return 0


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of cells as lines, with the columns below one another."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
