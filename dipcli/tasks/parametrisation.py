"""Fitting: how fast a network explains a picture, the same with noise, shuffled, or noise.

Ulyanov et al. 2018, figure 2: a natural picture is fitted quickly, noise reluctantly. That
impedance to noise is the prior.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dipcli.errors import UsageError
from dipcli.prior.fit import Problem
from dipcli.prior.fit import fit as fit_one
from dipcli.prior.memory import Plain
from dipcli.prior.step import Runtime, Step, numbers
from dipcli.settings import Settings
from dipcli.tasks import trust
from dipcli.tasks.base import Task, deadline_of

TARGETS = ("natural", "noisy", "shuffled", "noise")
NOISE_SIGMA = 25 / 255  # of the noisy target


@dataclass
class Fitted(Plain):
    """The targets so far: their (step, loss), and of those that are done the result and steps."""

    curves: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    done: int = 0
    kept: Tensor | None = None
    steps: int = 0
    waiting: list[tuple[int, Tensor]] = field(default_factory=list)  # not on the curve yet

    def add(self, target: str, step: Step, every: int) -> None:
        """One more point of a curve; as numbers only now and then, which waits for the device."""
        before = [one for one in self.waiting if one[0] < step.index]
        self.waiting = [*before, (step.index, step.loss)]
        if len(self.waiting) >= every or "why" in step.notes:
            first, curve = self.waiting[0][0], self.curves[target]
            curve[first:] = list(enumerate(numbers([loss for _, loss in self.waiting]), first))
            self.waiting = []


class Fit(Task):
    """Fit the network to the picture itself, and to its destroyed versions."""

    name = "fit"
    divisible = False  # a curve is of the whole picture

    def __init__(self, image: NDArray[Any], targets: Sequence[str]) -> None:
        """targets: some of TARGETS, fitted one after the other."""
        super().__init__(image)
        unknown = [target for target in targets if target not in TARGETS]
        if unknown or not targets:
            raise UsageError(f"unknown target {unknown}; choose from {', '.join(TARGETS)}")
        self.targets = tuple(dict.fromkeys(targets))

    def steps(self, settings: Settings, runtime: Runtime) -> Iterator[Step]:
        """One run per target; the result is the fitted natural picture, or the first target's.

        notes["curves"] maps each target to its (step, loss) so far, notes["target"] names
        the one being fitted. A time budget is shared equally.
        """
        so_far = Fitted()
        yield from runtime.memory.follow(
            "targets", lambda last: self._fits(so_far, settings, runtime), so_far
        )

    def _fits(self, so_far: Fitted, settings: Settings, runtime: Runtime) -> Iterator[Step]:
        """The steps of the targets that are not done."""
        deadline = deadline_of(settings, runtime)
        for number, target in list(enumerate(self.targets))[so_far.done :]:
            y = made(target, self.pixels.tensor(runtime.device), runtime.seed)
            problem = Problem(y, (y.shape[2], y.shape[3]))
            so_far.curves.setdefault(target, [])
            estimate = kept = so_far.kept
            left = len(self.targets) - number
            for step in fit_one(problem, settings, runtime, deadline=shared(deadline, left)):
                so_far.add(target, step, runtime.looks(deadline))
                estimate = step.estimate if kept is None or target == "natural" else kept
                yield replace(
                    step,
                    index=so_far.steps + step.index,
                    total=so_far.steps + left * settings.iters,
                    run=number,
                    estimate=estimate,
                    notes={**step.notes, "target": target, "curves": so_far.curves},
                )
            so_far.done, so_far.kept = number + 1, estimate
            so_far.steps += step.index + 1

    def evidence(self, result: NDArray[np.float32], settings: Settings) -> dict[str, object]:
        """Of the fitted picture its noise and how far it is from the one given.

        Of a fitted destroyed version nothing: there is nothing to compare it with.
        """
        if "natural" not in self.targets:
            return {}
        observation = self.observation
        levels = {"noise_before": trust.level(observation), "noise_after": trust.level(result)}
        return {**levels, "residual": trust.distance(observation, result)}


def shared(deadline: float | None, parts: int) -> float | None:
    """The deadline of the next of `parts` equal parts of the time left."""
    if deadline is None:
        return None
    now = perf_counter()
    return now + (deadline - now) / parts


def made(target: str, picture: Tensor, seed: int) -> Tensor:
    """What the network shall fit: (1, C, H, W) in [0, 1], drawn on the CPU from `seed`.

    noisy: plus Gaussian noise of sigma 25, clipped; shuffled: the same pixels in random order;
    noise: uniform in [0, 1].
    """
    rng = np.random.default_rng([seed, TARGETS.index(target)])
    if target == "shuffled":
        order = torch.from_numpy(rng.permutation(picture.shape[2] * picture.shape[3]))
        return picture.flatten(2)[..., order.to(picture.device)].view_as(picture)
    if target == "noisy":
        noise = torch.from_numpy(rng.normal(0, NOISE_SIGMA, picture.shape)).to(picture)
        return (picture + noise).clamp(0, 1)
    if target == "noise":
        return torch.from_numpy(rng.random(picture.shape)).to(picture)
    return picture


def fit(image: NDArray[Any], *, targets: Sequence[str] = ("natural",)) -> Fit:
    """The task of fitting a network to `image` and to destroyed versions of it.

    targets: some of natural, noisy, shuffled, noise. Raises UsageError.
    """
    return Fit(image, targets)
