"""When to stop, and which average of outputs to return: before the noise is learnt.

A rule sees every step and remembers the average of outputs at its best step. What it measures
stays on the device; what it decides by that may come some steps later, in the same order:

    holdout    the least error on observed pixels that the loss never saw
    variance   the valley of the outputs' windowed variance (ES-WMV, Wang et al. 2021)
    none       the last step

`score` is comparable between runs of one picture: lower is better.
"""

from __future__ import annotations

import math
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from dipcli.stages import FitSettings

LEAST_HELD_OUT = 8  # fewer pixels than this say nothing
VARIANCE_SAMPLES = 65_536  # values watched by the windowed variance; the valley stays put


class Average:
    """The exponential average of what it is given, not biased towards the beginning."""

    def __init__(self, past: float) -> None:
        """past: weight of the past, 0 <= past < 1; 0 keeps the latest value only."""
        self.past = past
        self.unseen = 1.0  # weight that belongs to values before the first
        self.value: Tensor | None = None

    def update(self, x: Tensor) -> Tensor:
        """Take in x and return the new average; earlier averages are left as they were."""
        self.unseen *= self.past
        share = (1 - self.past) / (1 - self.unseen)
        self.value = x if self.value is None else torch.lerp(self.value, x, share)
        return self.value


class Rule(Protocol):
    """Decides the end of one run."""

    best: Tensor | None  # the average at the best step, (1, C, H, W)
    best_step: int
    score: float
    done: bool

    def measure(self, output: Tensor, fitted: Tensor) -> Tensor:
        """What decides, 0-dimensional: of the output and its image under the operator."""
        ...

    def decide(self, step: int, measured: float, average: Tensor) -> None:
        """Judge a step by what was measured of it; average: of the outputs up to it."""
        ...

    def stop_reason(self) -> str:
        """The reason for the stop, in words."""
        ...


class LastStep:
    """Never stops; the best step is the last. The score is the error of the fit itself."""

    def __init__(self, observation: Tensor, weight: Tensor | None) -> None:
        """observation: (1, C, h, w); weight: (1, 1, h, w) or None."""
        self.observation = observation
        self.weight = weight
        self.best: Tensor | None = None
        self.best_step = 0
        self.score = float("inf")
        self.done = False

    def measure(self, output: Tensor, fitted: Tensor) -> Tensor:
        """The error of the fit."""
        if self.weight is None:
            return F.mse_loss(fitted, self.observation)
        return ((fitted - self.observation).square() * self.weight).mean()

    def decide(self, step: int, measured: float, average: Tensor) -> None:
        """Take this step for the best."""
        self.best, self.best_step, self.score = average, step, measured

    def stop_reason(self) -> str:
        """It never does."""
        return ""


class HoldOut:
    """The least error of the average on pixels kept out of the loss."""

    def __init__(self, observation: Tensor, held: Tensor, ema: float, patience: int) -> None:
        """held: (1, 1, h, w) bool, the pixels that the loss does not see."""
        self.index = held.flatten().nonzero().flatten()
        self.target = self._pick(observation)
        self.average = Average(ema)
        self.patience = patience
        self.best: Tensor | None = None
        self.best_step = 0
        self.score = float("inf")
        self.done = False

    def _pick(self, x: Tensor) -> Tensor:
        return x.flatten(2).index_select(2, self.index)

    def measure(self, output: Tensor, fitted: Tensor) -> Tensor:
        """The operator is linear, so the average of fits is the fit of the average."""
        return (self.average.update(self._pick(fitted)) - self.target).square().mean()

    def decide(self, step: int, measured: float, average: Tensor) -> None:
        """Compare this error with the least so far."""
        if measured < self.score:
            self.best, self.best_step, self.score = average, step, measured
        self.done = step - self.best_step >= self.patience

    def stop_reason(self) -> str:
        """Where the minimum was."""
        return f"held-out error was least at step {self.best_step}"


class WindowedVariance:
    """The valley of V_t, the variance of the last W outputs around their mean.

    For 5000 steps W = 100 and patience 1000, as published; in proportion for fewer. The
    output hardly moves in the first steps, so V starts in a false valley: whatever lies
    before the highest V so far is forgotten, and a valley is at most half as high.
    """

    def __init__(self, size: int, iters: int, generator: torch.Generator) -> None:
        """size: number of values in one output; a sample of them is watched."""
        self.window = min(100, max(5, iters // 50))
        self.patience = 10 * self.window
        count = min(size, VARIANCE_SAMPLES)
        self.sample = torch.randint(size, (count,), generator=generator)
        self.outputs: list[Tensor] = []  # the last `window` ones
        self.peak = 0.0
        self.best: Tensor | None = None
        self.best_step = 0
        self.score = float("inf")
        self.done = False

    def measure(self, output: Tensor, fitted: Tensor) -> Tensor:
        """The variance of this window; not a number before it is full."""
        self.sample = self.sample.to(output.device)
        latest = output.flatten().index_select(0, self.sample)
        self.outputs = [*self.outputs[1 - self.window :], latest]
        if len(self.outputs) < self.window:
            return latest.new_full((), math.nan)
        return torch.stack(self.outputs).var(0, correction=0).mean()

    def decide(self, step: int, measured: float, average: Tensor) -> None:
        """Compare this window's variance with the least so far."""
        variance = measured
        if math.isnan(variance):
            self.best, self.best_step = average, step
            return
        if variance > self.peak:
            self.peak, self.score = variance, float("inf")
        before_valley = self.score == float("inf")
        if variance < min(self.score, self.peak / 2):
            self.best, self.best_step, self.score = average, step, variance
        elif before_valley:
            self.best, self.best_step = average, step
        else:
            self.done = step - self.best_step >= self.patience

    def stop_reason(self) -> str:
        """Where the valley was."""
        return f"variance of outputs was least at step {self.best_step}"


def hold_out(
    known: Tensor | None, size: tuple[int, int], fraction: float, generator: torch.Generator
) -> Tensor | None:
    """A random part of the known pixels, (1, 1, h, w) bool on the CPU; None if too few."""
    mask = torch.ones(1, 1, *size) if known is None else known.cpu()
    candidates = (mask.flatten() > 0).nonzero().flatten()
    count = round(fraction * len(candidates))
    if count < LEAST_HELD_OUT:
        return None
    chosen = candidates[torch.randperm(len(candidates), generator=generator)[:count]]
    held = torch.zeros(mask.numel(), dtype=torch.bool)
    held[chosen] = True
    return held.view_as(mask)


def rule(
    settings: FitSettings,
    observation: Tensor,
    weight: Tensor | None,
    held: Tensor | None,
    size: int,
    generator: torch.Generator,
) -> Rule:
    """The rule that `settings` asks for; without held-out pixels a fixed number of steps."""
    if settings.stop == "variance":
        return WindowedVariance(size, settings.iters, generator)
    if held is not None:
        held = held.to(observation.device)
        return HoldOut(observation, held, settings.ema, settings.patience)
    return LastStep(observation, weight)
