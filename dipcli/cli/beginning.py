"""What a command begins from: the pictures that are named, or the canvas of a task without one."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from dipcli.batch.plan import STDIN, Places
from dipcli.batch.request import Request
from dipcli.errors import UsageError
from dipcli.tasks import Task


def inputs_of(task: type[Task[Any, Any]], values: Mapping[str, Any]) -> Sequence[str]:
    """What was named; a task that takes no picture needs a name for its result instead."""
    if task.takes_picture and not values["inputs"]:
        raise UsageError("Missing argument 'INPUT...'")
    if not task.takes_picture and not values["output"]:
        raise UsageError("Missing option '-o'")
    inputs: Sequence[str] = values["inputs"]
    return inputs


def with_canvas(places: Places, task: type[Task[Any, Any]], request: Request) -> Places:
    """The places; where a task takes no picture, with its canvas as if it were piped."""
    if task.takes_picture:
        return places
    from dipcli.pictures import Picture, encode

    canvas = task.canvas(task.Options().override(**request.options))
    data = encode(Picture(canvas), "PNG")
    return replace(places, inputs=(STDIN,), stdin=data, piped="blank canvas")
