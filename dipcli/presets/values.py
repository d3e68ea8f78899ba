"""The form of a table of presets, and how settings are made of it."""

from __future__ import annotations

from dataclasses import fields
from typing import TypeVar

from dipcli.errors import UsageError
from dipcli.settings import Settings

NAMES = ("auto", "fast", "best", "paper")
USUAL = ""  # what a table holds for every kind of picture or damage

Values = dict[str, tuple[object, str]]  # field -> (value, reason or source)
Table = dict[str, dict[str, Values]]  # preset -> kind -> values
S = TypeVar("S", bound=Settings)


def resolve(cls: type[S], table: Table, preset: str = "auto", kind: str = USUAL) -> S:
    """Settings of class `cls`: its defaults, overlaid by what `preset` says for every kind, and
    for this one. What belongs to stages that `cls` does not have is left out.

    Raises UsageError for an unknown preset.
    """
    if preset not in table:
        raise UsageError(f"unknown preset {preset!r}; choose from {', '.join(table)}")
    found = {**table[preset].get(USUAL, {}), **table[preset].get(kind, {})}
    own = {one.name for one in fields(cls)}
    values = {name: value for name, (value, _) in found.items() if name in own}
    return cls().override(**values, preset=preset)


def described(task: str, table: Table, preset: str) -> list[dict[str, object]]:
    """Every value that `preset` sets for a task, as rows: task, kind, field, value, reason."""
    return [
        {"task": task, "kind": kind, "field": field, "value": value, "reason": reason}
        for kind, values in table.get(preset, {}).items()
        for field, (value, reason) in values.items()
    ]
