"""A picture of which nothing is known but a number: down any function of it, by some prior.

    x* = net_theta*(z),   theta* = argmin objective(net_theta(z)) + weight TV(net_theta(z))

The natural pre-image and activation maximisation of Ulyanov et al. 2018. Without a network the
pixels themselves are moved: with total variation (Mahendran and Vedaldi 2015), or with nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dipcli.classifiers.features import Features, relative
from dipcli.degradation.problem import Problem
from dipcli.errors import UsageError
from dipcli.presets.maximize import MaximizeSettings
from dipcli.presets.visualisation import VisualisationSettings
from dipcli.prior import inputs, losses, networks
from dipcli.prior.descent import GradientRun
from dipcli.stream.combinators import deadline_of
from dipcli.stream.step import Runtime, Step
from dipcli.system.devices import reproducible
from dipcli.tasks.arrays import to_tensor

START = (0.45, 0.55)  # of pixels that are moved themselves: uniform around gray, as published
PUBLISHED_FACTOR = 5.0  # of the activation in the loss


class PixelGrid(nn.Module):
    """A picture, (1, C, H, W), that is its own parameters, whatever it is given.

    The network "pixels" of a fit is none of these: there z is the picture, drawn from `--input`.
    """

    def __init__(self, shape: tuple[int, int, int], generator: torch.Generator) -> None:
        """shape: (C, H, W); drawn uniformly between START."""
        super().__init__()
        low, high = START
        start = low + (high - low) * torch.rand(shape, generator=generator)
        self.pixels = nn.Parameter(start)  # of three dimensions: no matrix for Muon

    def forward(self, z: Tensor) -> Tensor:
        """The pixels."""
        return self.pixels[None]


class PictureRun(GradientRun):
    """A run of a picture down an objective; `estimate` is the best picture so far, or the last."""

    settings: VisualisationSettings

    def __init__(
        self,
        problem: Problem,
        objective: Callable[[Tensor], Tensor],
        channels: int,
        settings: VisualisationSettings,
        runtime: Runtime,
        deadline: float | None,
    ) -> None:
        """Draw z and the network, or the pixels.

        problem: the features as observation, and the (H, W) of the picture; objective: of a
        picture, (1, C, H, W), 0-dimensional.
        """
        super().__init__(problem, settings, runtime, 0, deadline)
        self.objective = objective
        self.grid = settings.method == "pixels" or settings.architecture.bare
        if self.grid:
            net: nn.Module = PixelGrid((channels, *problem.size), self.generator)
            z = torch.zeros(1, 1, 1, 1)
        else:
            canvas, coarse = networks.canvas(problem.size, settings), networks.grid(settings)
            z = inputs.draw(
                settings.input, canvas, settings.input_depth, self.generator, grid=coarse
            )
            net = networks.build(settings, z.shape[1], channels, self.generator)
        z = z.to(runtime.device, memory_format=self.layout)
        self.jitter = inputs.Jitter(z, 0.0 if self.grid else settings.jitter, self.generator)
        self.best: Tensor | None = None
        self.least = math.inf
        self.first = math.nan  # the objective at the first step
        self.place(net)

    def step(self) -> Step:
        """One step down the gradient; a loss that is no number ends the run before it."""
        h, w = self.problem.size
        with reproducible(self.runtime.device):
            picture = self.apply_net(self.jitter())[..., :h, :w]
            value = self.objective(picture)
            loss = value + self.penalty(picture) if self.settings.tv_weight else value
            reached = value.item()
            good = math.isfinite(reached)
            shown = picture.detach().clamp(0, 1) if not self.grid else picture.detach().clone()
            if good:
                self.descend(loss)
        if self.grid:
            self.stay_in_range()
        if self.steps_made == 0:
            self.first = reached
        self.count_step()
        if good and (self.settings.keep == "last" or loss.item() < self.least):
            self.best, self.least = shown, loss.item()
        if not good:
            self.stop_reason = "the loss was no number any more"
        best = shown.nan_to_num(0.5) if self.best is None else self.best
        return self.as_step(value.detach(), shown if good else best, best, {"first": self.first})

    def penalty(self, x: Tensor) -> Tensor:
        """tv_weight times the mean of (dx^2 + dy^2)^(beta / 2), 0-dimensional.

        With beta above 1 edges cost more than ramps; 2 rids of the spikes that pooling leads to
        (Mahendran and Vedaldi 2015, 2.1).
        """
        total = losses.total_variation(x, self.settings.tv_beta / 2)
        return self.settings.tv_weight * total / x[..., 1:, 1:].numel()

    @torch.no_grad()
    def stay_in_range(self) -> None:
        """Pixels that were moved out of [0, 1] are moved back to its end."""
        for one in self.net.parameters():
            one.clamp_(0, 1)

    def state_dict(self) -> dict[str, Any]:
        """Of every run, and what was reached."""
        reached = {"best": self.best, "least": self.least, "first": self.first}
        return super().state_dict() | {"reached": reached}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state of the same objective, settings and seed."""
        super().load_state_dict(state)
        vars(self).update(state["reached"])


def resumed(run: PictureRun) -> Iterator[Step]:
    """The steps of a run, from where it was interrupted."""
    yield from run.runtime.resume.resumable("fit", lambda last: run.steps(), run)


def preimage(
    picture: Tensor, features: Features, settings: VisualisationSettings, runtime: Runtime
) -> Iterator[Step]:
    """Steps to a picture with the features of `picture`, (1, C, H, W); loss: see `relative`."""
    with torch.no_grad():
        wanted = features(picture)
    problem = Problem(wanted, (picture.shape[2], picture.shape[3]))

    def distance(x: Tensor) -> Tensor:
        return relative(features(x), wanted)

    deadline = deadline_of(settings, runtime)
    run = PictureRun(problem, distance, picture.shape[1], settings, runtime, deadline)
    return resumed(run)


def maximize(
    canvas: Tensor, features: Features, unit: int, settings: MaximizeSettings, runtime: Runtime
) -> Iterator[Step]:
    """Steps to a picture of the size of `canvas` that excites a unit; loss: -5 times the sum of
    its activations in the window. Raises UsageError for a unit that is not there."""
    with torch.no_grad():
        seen = features(canvas)
    check_unit(seen, unit, features)
    problem = Problem(seen, (canvas.shape[2], canvas.shape[3]))

    def reluctance(x: Tensor) -> Tensor:
        return -PUBLISHED_FACTOR * windowed(features(x), unit, settings.window).sum()

    deadline = deadline_of(settings, runtime)
    run = PictureRun(problem, reluctance, canvas.shape[1], settings, runtime, deadline)
    per_value = -PUBLISHED_FACTOR * windowed(seen, unit, settings.window).numel()
    for step in resumed(run):
        reached = {"activation_at_start": run.first / per_value}
        yield replace(step, notes={**step.notes, **reached})


def check_unit(seen: Tensor, unit: int, features: Features) -> None:
    """Raise UsageError unless the layer has so many units."""
    if unit >= seen.shape[1]:
        raise UsageError(
            f"unit is {unit}, but the layer {features.layer} of {features.classifier.title} "
            f"has {seen.shape[1]} units: 0 to {seen.shape[1] - 1}"
        )


def windowed(seen: Tensor, unit: int, window: int) -> Tensor:
    """The activations of a unit, of a map those in the middle: 2 `window` rows and columns."""
    found = seen[0, unit]
    if found.ndim < 2:
        return found
    rows, columns = (slice(max(0, n // 2 - window), n // 2 + window) for n in found.shape[-2:])
    return found[..., rows, columns]


def agreement(
    truth: NDArray[np.float32],
    result: NDArray[np.float32],
    features_on: Callable[[torch.device], Features],
) -> dict[str, object]:
    """How far the features of two pictures, (H, W, C), are apart, and the pictures themselves."""
    cpu = torch.device("cpu")
    features = features_on(cpu)
    with torch.no_grad():
        error = relative(features(to_tensor(result, cpu)), features(to_tensor(truth, cpu)))
    mse = float(np.mean((result - truth) ** 2))
    psnr = None if mse == 0 else round(-10 * math.log10(mse), 2)
    return {"feature_error": round(error.sqrt().item(), 5), "psnr": psnr}


def activation_of(
    result: NDArray[np.float32],
    features_on: Callable[[torch.device], Features],
    unit: int,
    window: int,
) -> dict[str, object]:
    """How much a picture, (H, W, C), excites a unit, in the mean over the window."""
    cpu = torch.device("cpu")
    with torch.no_grad():
        seen = features_on(cpu)(to_tensor(result, cpu))
    return {"activation": round(windowed(seen, unit, window).mean().item(), 5)}
