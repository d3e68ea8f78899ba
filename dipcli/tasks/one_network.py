"""What is done at once on a large picture, after its tiles: one network for all of them.

A fit of details gains as much from windows of the whole picture as from each of its tiles, at a
cost that does not grow with the picture. So tiles are filtered alone, and the network's part
follows on what they were joined to.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from dipcli.degradation.damage import Damage
from dipcli.degradation.noise import Noise
from dipcli.degradation.problem import Problem
from dipcli.presets.denoise import DenoiseSettings
from dipcli.prior.detail import DetailRun
from dipcli.prior.mosaic import Place, busiest, by_bands, mosaic
from dipcli.settings import Cost
from dipcli.stages import mosaic_grid
from dipcli.stream.combinators import deadline_of
from dipcli.stream.step import Runtime, Step
from dipcli.tasks.arrays import Pixels, to_tensor
from dipcli.tasks.denoising import MOST_APART, network_share, strength
from dipcli.tasks.filters import limited


@dataclass(frozen=True)
class Joint:
    """What follows the tiles: each has `settings`; `planned` steps on the joined picture follow.

    cost: of these; steps: makes them of the joined picture, (1, C, H, W), which they leave as it
    is, the settings of the whole and a runtime. Their estimates are of the whole.
    """

    settings: Any
    planned: int
    cost: Cost
    steps: Callable[[Tensor, Any, Runtime], Iterator[Step]]


def shared_network(
    pixels: Pixels, damage: Damage, settings: DenoiseSettings, longest: int
) -> Joint | None:
    """One network for all tiles of side `longest`, where that does; None else."""
    height, width, _ = pixels.values.shape
    size = (height, width)
    plain = damage.coding is None and damage.impulses is None and damage.noise.kind != "photo"
    if damage.clean or not plain or not settings.shares_network(size, longest):
        return None

    def steps(joined: Tensor, settings: DenoiseSettings, runtime: Runtime) -> Iterator[Step]:
        return fitted(joined, pixels, damage, mosaic_grid(size, longest), settings, runtime)

    inner, cost = settings.in_tiles(size, longest), settings.cost_of_joined(size, longest)
    return Joint(inner, settings.shared.iters, cost, steps)


def fitted(
    joined: Tensor,
    pixels: Pixels,
    damage: Damage,
    grid: tuple[int, int],
    settings: DenoiseSettings,
    runtime: Runtime,
) -> Iterator[Step]:
    """The steps of the network, fitted to a mosaic of `grid` windows; the last one applies it."""
    noise = damage.noise

    def filtered(place: Place) -> Tensor:
        return noise.expected(joined[:, :, *place])

    def observed(place: Place) -> Tensor:
        return to_tensor(pixels.values[place], runtime.device)

    places = busiest(joined, grid)
    picture, y = mosaic(filtered, places), mosaic(observed, places)
    problem = Problem(
        y.lerp(picture, settings.pilot_share), (y.shape[2], y.shape[3]), picture=picture
    )
    run = DetailRun(problem, settings.shared, runtime, 0, deadline_of(settings, runtime))
    share, most = settings.blend * network_share(noise, y), MOST_APART * strength(noise, y)

    def steps(last: Step | None) -> Iterator[Step]:
        for step in run.steps():
            if "why" in step.notes:
                reached = share * steps_share(run)
                estimate, spread = applied(run, joined, noise, reached, most)
                step = replace(step, estimate=estimate, output=estimate, spread=spread)
                if math.isfinite(damage.limit):
                    near = limited(estimate, pixels.tensor(runtime.device), damage.limit)
                    step = replace(step, estimate=near)
            yield step

    for step in runtime.resume.resumable("shared fit", steps, run):
        ended = "why" in step.notes
        whole = step if ended else replace(step, estimate=joined, output=joined)
        yield replace(whole, notes={"windows": grid[0] * grid[1]})


def steps_share(run: DetailRun) -> float:
    """How much of its steps a run has made; none before it saw more than the reduced picture."""
    return 0.0 if run.steps_made <= run.reduced_steps else run.steps_made / run.settings.iters


def applied(
    run: DetailRun, joined: Tensor, noise: Noise, share: float, most: float
) -> tuple[Tensor, Tensor]:
    """The joined picture mixed with what the network makes of it, and how far these disagree.

    share: of the network; most: how far it may be from the picture. (1, C, H, W), (1, 1, H, W).
    """
    estimate, spread = torch.empty_like(joined), torch.empty_like(joined[:, :1])
    height, width = joined.shape[2:]

    def expected(rows: slice) -> Tensor:
        return noise.expected(joined[:, :, rows])

    for rows, pilot, found in by_bands(run, expected, (height, width)):
        apart = (found - pilot).clamp_(-most, most)
        spread[:, :, rows] = apart.square().mean(1, keepdim=True).sqrt_()
        estimate[:, :, rows] = noise.unclipped(pilot + share * apart)
    return estimate, spread.mul_(math.sqrt(share * (1 - share)))
