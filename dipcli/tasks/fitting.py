"""The stages of the parametrisation experiment: one run per target, each with its curve."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from time import perf_counter

import numpy as np
import torch
from torch import Tensor

from dipcli.degradation.problem import Problem
from dipcli.presets.parametrisation import TARGETS, ParametrisationSettings
from dipcli.prior.fit import fit
from dipcli.stream.combinators import deadline_of
from dipcli.stream.resume import AttributeState
from dipcli.stream.step import Runtime, Step, numbers

NOISE_SIGMA = 25 / 255  # of the noisy target


@dataclass
class FittedTargets(AttributeState):
    """The targets so far: their (step, loss), and of those that are done the result and steps."""

    curves: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    done: int = 0
    result: Tensor | None = None
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


def fitted(
    picture: Tensor, targets: tuple[str, ...], settings: ParametrisationSettings, runtime: Runtime
) -> Iterator[Step]:
    """The steps of a run for each of `targets`, made of picture, (1, C, H, W)."""
    so_far = FittedTargets()
    yield from runtime.resume.resumable(
        "targets",
        lambda last: remaining_targets(picture, targets, so_far, settings, runtime),
        so_far,
    )


def remaining_targets(
    picture: Tensor,
    targets: tuple[str, ...],
    so_far: FittedTargets,
    settings: ParametrisationSettings,
    runtime: Runtime,
) -> Iterator[Step]:
    """The steps of the runs that are still to be made."""
    deadline = deadline_of(settings, runtime)
    for number, target in list(enumerate(targets))[so_far.done :]:
        y = target_picture(target, picture, runtime.seed)
        problem = Problem(y, (y.shape[2], y.shape[3]))
        so_far.curves.setdefault(target, [])
        estimate = before = so_far.result
        left = len(targets) - number
        for step in fit(problem, settings, runtime, deadline=share_of_time(deadline, left)):
            so_far.add(target, step, runtime.looks(deadline))
            estimate = step.estimate if before is None or target == "natural" else before
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


def target_picture(target: str, picture: Tensor, seed: int) -> Tensor:
    """The picture that the network fits: (1, C, H, W) in [0, 1], drawn on the CPU from `seed`.

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
