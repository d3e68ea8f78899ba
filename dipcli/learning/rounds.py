"""A restoration twice: of what was observed, and of its result made noisy again.

The second time the truth is known, and tells where the first should have believed which of the
estimates that it mixed (`learning/bootstrap.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from time import perf_counter

import torch
from torch import Tensor

from dipcli.degradation.noise import Noise
from dipcli.learning.bootstrap import Trial, corrected
from dipcli.stream.resume import AttributeState
from dipcli.stream.step import Runtime, Step

SEED = 0x5EED  # added to the run's, so that the noise drawn is not that of a network's input

Parts = dict[str, Tensor]  # the estimates that a restoration mixes, by name
Mixing = Callable[[Tensor, Parts], Iterator[Step]]  # an observation, and where to put its parts


@dataclass
class Rounds(AttributeState):
    """The parts of both rounds, and the last step of the first once it has ended."""

    observed: Parts = field(default_factory=dict)
    drawn: Parts = field(default_factory=dict)
    first: Step | None = None


def bootstrapped(
    mixing: Mixing, y: Tensor, noise: Noise, runtime: Runtime, deadline: float | None
) -> Iterator[Step]:
    """The steps of `mixing` for y, (1, C, H, W), then for its result made noisy again, and one
    that corrects the result. The second round is left out where there is no time for it.
    """
    rounds = Rounds()

    def steps(_: Step | None) -> Iterator[Step]:
        began = perf_counter()
        if rounds.first is None:
            last = None
            for last in mixing(y, rounds.observed):
                yield replace(last, total=2 * last.total + 1)
            rounds.first = last
        now = perf_counter()
        if rounds.first is not None and (deadline is None or 2 * now - began < deadline):
            yield from again(mixing, rounds.first, noise, runtime, rounds)

    return runtime.resume.resumable("bootstrap", steps, rounds)


def again(
    mixing: Mixing, first: Step, noise: Noise, runtime: Runtime, rounds: Rounds
) -> Iterator[Step]:
    """The second round, during which the estimate stays that of `first`, and the correction."""
    truth = noise.unclipped(first.estimate)
    generator = torch.Generator().manual_seed(runtime.seed + SEED)
    step = None
    for step in mixing(noise.drawn(truth, generator), rounds.drawn):
        index, total = first.index + 1 + step.index, first.index + 2 + step.total
        shown = replace(first, stage=step.stage, run=step.run, loss=step.loss, output=step.output)
        yield replace(shown, index=index, total=total, notes={})
    if step is None or rounds.drawn.keys() != rounds.observed.keys():
        return
    trial = Trial(step.estimate, torch.cat(list(rounds.drawn.values())))
    parts = torch.cat([rounds.observed[name] for name in rounds.drawn])
    best = corrected(Trial(first.estimate, parts), trial, noise.expected(truth)).clamp(0, 1)
    index = first.index + 2 + step.index
    loss = (best - first.estimate).square().mean()
    yield replace(
        first, index=index, total=index + 1, stage="fusion", loss=loss, output=best, estimate=best
    )
