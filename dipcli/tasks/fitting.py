"""The stages of the parametrisation experiment: runs of each target, each with its curve."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import product
from time import perf_counter

import numpy as np
import torch
from torch import Tensor

from dipcli.degradation.problem import Problem
from dipcli.presets.parametrisation import NATURAL, TARGETS, ParametrisationSettings
from dipcli.prior.fit import fit
from dipcli.stream.combinators import deadline_of
from dipcli.stream.resume import AttributeState
from dipcli.stream.step import Runtime, Step, numbers

NOISE_SIGMA = 25 / 255  # of the noisy target
SHOWN = ("natural", 0)  # the run whose picture is the result, if there is one


@dataclass(frozen=True)
class Experiment:
    """What is fitted: targets made of picture, (1, C, H, W); shuffle: see `target_picture`.

    natural: (1, D, H, W), what the network is fed if the settings say so, else None.
    """

    picture: Tensor
    targets: tuple[str, ...]
    shuffle: str
    natural: Tensor | None = None

    def problem(self, target: str, settings: ParametrisationSettings, seed: list[int]) -> Problem:
        """The target as an observation, and the picture that the network is fed, if it is one."""
        y = target_picture(target, self.picture, self.shuffle, seed)
        fed = self.natural if settings.input == NATURAL else y
        return Problem(y, (y.shape[2], y.shape[3]), picture=fed)


@dataclass
class FittedRuns(AttributeState):
    """The runs so far: their (step, loss), and of those that are done the result and steps."""

    curves: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    done: int = 0
    result: Tensor | None = None
    steps: int = 0
    waiting: list[tuple[int, Tensor]] = field(default_factory=list)  # not on the curve yet

    def add(self, name: str, step: Step, every: int) -> None:
        """One more point of a curve; as numbers only now and then, which waits for the device."""
        before = [one for one in self.waiting if one[0] < step.index]
        self.waiting = [*before, (step.index, step.loss)]
        if len(self.waiting) >= every or "why" in step.notes:
            first, curve = self.waiting[0][0], self.curves[name]
            curve[first:] = list(enumerate(numbers([loss for _, loss in self.waiting]), first))
            self.waiting = []


def fitted(
    experiment: Experiment, settings: ParametrisationSettings, runtime: Runtime
) -> Iterator[Step]:
    """The steps of the runs of each target."""
    so_far = FittedRuns()
    yield from runtime.resume.resumable(
        "targets", lambda last: remaining_runs(experiment, so_far, settings, runtime), so_far
    )


def remaining_runs(
    experiment: Experiment, so_far: FittedRuns, settings: ParametrisationSettings, runtime: Runtime
) -> Iterator[Step]:
    """The steps of the runs that are still to be made; the result is what SHOWN fits."""
    deadline = deadline_of(settings, runtime)
    whole = list(product(experiment.targets, range(settings.runs)))
    for number, (target, run) in list(enumerate(whole))[so_far.done :]:
        seed = [runtime.seed, TARGETS.index(target), *([run] if run else [])]
        problem = experiment.problem(target, settings, seed)
        name = f"{target}, run {run + 1}" if run else target
        so_far.curves.setdefault(name, [])
        estimate = before = so_far.result
        left = len(whole) - number
        for step in fit(
            problem, settings, runtime, run=run, deadline=share_of_time(deadline, left)
        ):
            so_far.add(name, step, runtime.looks(deadline))
            estimate = step.estimate if before is None or (target, run) == SHOWN else before
            yield replace(
                step,
                index=so_far.steps + step.index,
                total=so_far.steps + left * settings.iters,
                run=number,
                estimate=estimate,
                notes={**step.notes, "target": target, "curves": so_far.curves},
            )
        so_far.done, so_far.result = number + 1, estimate
        so_far.steps += step.index + 1


def share_of_time(deadline: float | None, parts: int) -> float | None:
    """The deadline of the next of `parts` equal parts of the time left."""
    if deadline is None:
        return None
    now = perf_counter()
    return now + (deadline - now) / parts


def target_picture(target: str, picture: Tensor, shuffle: str, seed: list[int]) -> Tensor:
    """What the network shall fit: (1, C, H, W) in [0, 1], drawn on the CPU from `seed`.

    noisy: plus Gaussian noise of sigma 25, clipped; shuffled: the same values in random order,
    whole pixels or each channel in an order of its own; noise: uniform in [0, 1].
    """
    rng = np.random.default_rng(seed)
    if target == "shuffled":
        c, pixels = picture.shape[1], picture.shape[2] * picture.shape[3]
        orders = [rng.permutation(pixels) for _ in range(c if shuffle == "channels" else 1)]
        order = torch.from_numpy(np.stack(orders)).to(picture.device).expand(c, pixels)
        return picture.flatten(2).gather(2, order[None]).view_as(picture)
    if target == "noisy":
        noise = torch.from_numpy(rng.normal(0, NOISE_SIGMA, picture.shape)).to(picture)
        return (picture + noise).clamp(0, 1)
    if target == "noise":
        return torch.from_numpy(rng.random(picture.shape)).to(picture)
    return picture
