"""Large pictures: a task done tile by tile, each with a margin, one fading into the next.

Where tiles overlap their estimates are averaged, with weights that rise and fall along the
overlap and are zero next to a tile's own edge, where it knows least of what lies around. What is
global (the noise, the kind of hole) stays as found on the whole picture; every tile has the same
seed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from time import perf_counter
from typing import Any

import torch
from torch import Tensor

from dipcli.settings import Settings
from dipcli.stream.combinators import deadline_of, remaining
from dipcli.stream.step import Runtime, Step
from dipcli.tasks.arrays import Window
from dipcli.tasks.base import Task
from dipcli.tiling.division import Plan, Tile, grid

GAVE_UP = "gave_up"  # among the notes: what the result had to do without, in sentences
KNOWN_WEIGHT = 0.5  # of the weight: such pixels are done with, and known to the tiles to come


class Canvas:
    """The weighted mean of the tiles so far; where there are none, a first guess.

    It is changed in place, lest every step copy a large picture. number: of the tile at work;
    made: steps before it; spread_known: whether all tiles before it had one.
    """

    def __init__(self, guess: Tensor, *, spreads: bool) -> None:
        """guess: (1, C, H, W); spreads: whether tiles may tell the disagreement of their runs."""
        self.spreads = spreads
        self.layers = torch.cat([guess, torch.zeros_like(guess[:, :1])], 1) if spreads else guess
        self.picture = self.layers[:, : guess.shape[1]]
        self.spread = self.layers[:, guess.shape[1] :]
        self.weight = torch.zeros_like(guess[0, 0])  # of the tiles shown
        self.number = self.made = 0
        self.spread_known = spreads
        self.window: Window | None = None

    def begin_tile(self, window: Window, weight: Tensor) -> None:
        """From here on a tile is shown at `window` of the result, until the next one begins."""
        weight = weight.to(self.layers.device)
        self.window = window
        self.shown = self.layers[:, :, *window.slices]
        self.under = self.shown.clone()
        total = self.weight[window.slices]
        self.weight_under = total.clone()
        total += weight
        self.share = torch.where(weight > 0, weight / total, weight)

    def state_dict(self) -> dict[str, Any]:
        """As it was before the tile at work began."""
        layers, weight = self.layers.clone(), self.weight.clone()
        if self.window is not None:
            layers[:, :, *self.window.slices] = self.under
            weight[self.window.slices] = self.weight_under
        counts = {"number": self.number, "made": self.made, "spread_known": self.spread_known}
        return {"layers": layers, "weight": weight, **counts}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on with the tile at work."""
        self.layers.copy_(state["layers"])
        self.weight.copy_(state["weight"])
        self.number, self.made = state["number"], state["made"]
        self.spread_known = state["spread_known"]

    def end_tile(self, steps: int, spread_known: bool) -> None:
        """The tile at work is done, after so many steps."""
        self.window = None
        self.number, self.made = self.number + 1, self.made + steps
        self.spread_known = self.spread_known and spread_known

    def show(self, step: Step) -> None:
        """The tile's estimate and spread as they are now."""
        layers = step.estimate
        if self.spreads:
            spread = layers.new_zeros(1, 1, *layers.shape[2:])
            layers = torch.cat([layers, spread if step.spread is None else step.spread], 1)
        torch.lerp(self.under, layers, self.share, out=self.shown)


def tiled(
    task: Task[Any, Any], longest: int, settings: Settings, runtime: Runtime
) -> Iterator[Step]:
    """The steps of all tiles, one tile after the other; every estimate is of the whole picture.

    longest: side of a tile in pixels of the result. The estimate is one canvas, which later
    steps change; tiles to come show the task's first guess. A time budget is shared by area,
    and what it does not reach stays a guess. spread comes with the last tile, if all have it.
    """
    joint = task.joint(settings, longest)
    inner = settings if joint is None else joint.settings
    canvas = Canvas(task.first_guess(runtime.device), spreads=inner.compares)
    tiles = grid(task.observation.shape[:2], longest, task.scale)
    tiles = [tile for tile in tiles if task.needs_work(tile.window)]
    plan = Plan(longest, tiles, joint, deadline_of(settings, runtime))

    def steps(last: Step | None) -> Iterator[Step]:
        yield from tile_by_tile(task, plan, canvas, inner, runtime)
        if joint is not None and canvas.number == len(tiles):
            budget = remaining(settings, plan.deadline, runtime)
            for step in joint.steps(canvas.picture, budget, runtime):
                index, total = canvas.made + step.index, canvas.made + step.total
                notes = {**plan.facts, **task.facts(), **step.notes}
                yield replace(step, index=index, total=total, notes=notes)

    yield from runtime.resume.resumable("tiles", steps, canvas)


def tile_by_tile(
    task: Task[Any, Any], plan: Plan, canvas: Canvas, settings: Settings, runtime: Runtime
) -> Iterator[Step]:
    """The steps of the tiles from the one at work on."""
    last = None
    planned = 0 if plan.joint is None else plan.joint.planned
    while canvas.number < len(plan.tiles):
        began, left = canvas.made, len(plan.tiles) - canvas.number
        if last and plan.deadline is not None and perf_counter() >= plan.deadline:
            yield from closing(task, canvas, last, left)
            return
        share = plan.deadline_of_tile(settings, canvas.number)
        budget = remaining(settings, share, runtime)
        step = None
        for step in tile_steps(task, plan.tiles[canvas.number], canvas, budget, runtime):
            canvas.show(step)
            known = canvas.spread_known and left == 1 and step.spread is not None
            last = replace(
                step,
                index=began + step.index,
                total=began + step.total * left + planned,
                output=canvas.picture,
                estimate=canvas.picture,
                spread=canvas.spread if known else None,
                notes={**plan.facts, **{k: v for k, v in step.notes.items() if k != "runs"}},
            )
            yield last
        if last and left == 1:
            yield from closing(task, canvas, last, 0)
        steps = 0 if step is None else step.index + 1
        canvas.end_tile(steps, spread_known=step is not None and step.spread is not None)


def tile_steps(
    task: Task[Any, Any], tile: Tile, canvas: Canvas, settings: Settings, runtime: Runtime
) -> Iterator[Step]:
    """The steps of one tile, with what they estimate of its window, which the canvas now shows."""
    around = task.context(tile.window)
    part = task.part(around)
    place = around.scaled(task.scale).slices
    part.accept_known(canvas.picture[:, :, *place], canvas.weight[place] >= KNOWN_WEIGHT)
    if not part.needs_work(Window.of(part.observation.shape)):
        return
    canvas.begin_tile(tile.window.scaled(task.scale), tile.weight)
    inner = tile.window.inside(around).scaled(task.scale).slices
    for step in part.steps(settings, runtime):
        spread = None if step.spread is None else step.spread[:, :, *inner]
        yield replace(step, estimate=step.estimate[:, :, *inner], spread=spread)


def closing(task: Task[Any, Any], canvas: Canvas, last: Step, left: int) -> Iterator[Step]:
    """One more step after `last` if the joined picture had to be changed, or to say that the time
    was up with so many tiles left to do.
    """
    settled = task.settle(canvas.picture)
    if not (settled or left):
        return
    index, notes = last.index + 1, dict(last.notes)
    if left:
        notes[GAVE_UP] = [f"the time was up: {left} of {notes['tiles']} tiles stay as they were"]
    yield replace(last, index=index, total=index + 1, notes=notes)
