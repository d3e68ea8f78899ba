"""Whole if the memory allows it, else in tiles; out of memory, in smaller ones, step by step."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, cast

import torch

from dipcli.errors import MemoryLimitError
from dipcli.settings import Settings
from dipcli.stream.combinators import deadline_of, remaining
from dipcli.stream.resume import AttributeState
from dipcli.stream.step import Runtime, Step
from dipcli.system import devices
from dipcli.tasks.base import Task
from dipcli.tiling import layout
from dipcli.tiling.canvas import GAVE_UP, tiled

OOM_WORDS = (
    "allocate memory",  # the CPU's allocator
    "out of memory",
    "could not create a primitive",  # oneDNN, which has no other words for it
)


class Attempt(AttributeState):
    """An attempt: side of its tiles, None for the whole; steps made before it, and given up."""

    def __init__(self, side: int | None, began: int = 0, gave_up: Sequence[str] = ()) -> None:
        """side: of the tiles; began: steps made before; gave_up: sentences for the user."""
        self.side = side
        self.began = began
        self.gave_up = list(gave_up)


def restoration_steps(task: Task[Any, Any], settings: Settings, runtime: Runtime) -> Iterator[Step]:
    """The steps of a task, done in as large parts as the memory allows.

    Steps of an attempt that ran out of memory count, though their estimates are lost; the note
    GAVE_UP says what was given up. Raises MemoryLimitError if the smallest tiles do not fit.
    """
    deadline = deadline_of(settings, runtime)
    attempt = Attempt(first_side(task, settings, runtime))
    made = 0
    while True:
        attempt = runtime.resume.register("attempt", attempt)
        side, began = attempt.side, attempt.began
        try:
            for step in attempt_steps(task, side, remaining(settings, deadline, runtime), runtime):
                made = began + step.index + 1
                yield after_lost(step, began, attempt.gave_up)
            return
        except (MemoryError, RuntimeError) as error:
            if not out_of_memory(error):
                raise
            smaller = layout.smaller(task.output_shape[:2], side) if task.tileable else None
            if smaller is None:
                raise MemoryLimitError(nothing_fits(task, side)) from error
        text = f"out of memory {in_words(side)}; restored in tiles of {smaller} pixels"
        attempt = Attempt(smaller, made, [*attempt.gave_up, text])
        release_memory(runtime.device)


def first_side(task: Task[Any, Any], settings: Settings, runtime: Runtime) -> int | None:
    """The side of the tiles to begin with, None for the whole."""
    if not task.tileable:
        return None
    return layout.side(
        settings,
        task.output_shape[:2],
        devices.free(runtime.device),
        float32=runtime.amp is None,
        bounded=runtime.device.type != "cuda",
    )


def attempt_steps(
    task: Task[Any, Any], side: int | None, settings: Settings, runtime: Runtime
) -> Iterator[Step]:
    """The steps of the whole, or in tiles of `side` pixels."""
    if side is None:
        return task.steps(settings, runtime)
    return tiled(task, side, settings, runtime)


def after_lost(step: Step, began: int, gave_up: list[str]) -> Step:
    """The step after `began` others that are lost, with the reason."""
    if not gave_up:
        return step
    texts = [*gave_up, *cast("list[str]", step.notes.get(GAVE_UP, []))]
    notes = {**step.notes, GAVE_UP: texts}
    return replace(step, index=began + step.index, total=began + step.total, notes=notes)


def out_of_memory(error: Exception) -> bool:
    """Whether it is that, as Python, CUDA or the CPU's allocator tells it."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return any(words in str(error) for words in OOM_WORDS)


def in_words(side: int | None) -> str:
    """The attempt in words."""
    return "as a whole" if side is None else f"in tiles of {side} pixels"


def nothing_fits(task: Task[Any, Any], side: int | None) -> str:
    """What to tell when nothing smaller is left."""
    h, w, _ = task.output_shape
    return (
        f"out of memory for {w}x{h} {in_words(side)}; use fewer channels (--channels), "
        "or a part (--crop)"
    )


def release_memory(device: torch.device) -> None:
    """Give back what a failed attempt held."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
