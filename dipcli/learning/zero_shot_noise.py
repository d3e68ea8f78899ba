"""Denoising learnt from the picture itself, from two halves of it that differ by their noise.

Two diagonal means of each 2x2 cell are two pictures of half the size, of the same scene and with
independent noise. A small network learns to make either of the other (Mansour and Heckel,
"Zero-Shot Noise2Noise: Efficient Image Denoising without any Data", CVPR 2023).
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dipcli.degradation.problem import Problem
from dipcli.prior.descent import GradientRun
from dipcli.prior.networks.layers import initialise
from dipcli.stages import FitSettings
from dipcli.stream.step import Runtime, Step
from dipcli.system.devices import reproducible

HALVED = 0.75  # of the steps after which the rate is halved: 1500 of 2000, as published
SLOPE = 0.2  # of LeakyReLU
PAST = 0.98  # weight of the past in the running mean of the loss, which is the score


class ZeroShotNoiseRun(GradientRun):
    """A run of two 3x3 layers and one 1x1, as `dipcli.prior.fit.fit` makes it of a noisy picture.

    `estimate` is the picture without the noise that the network finds in it by now.
    """

    def __init__(
        self,
        problem: Problem,
        settings: FitSettings,
        runtime: Runtime,
        number: int,
        deadline: float | None,
    ) -> None:
        """settings.channels: the widths of the 3x3 layers; for the rest see `fit`."""
        super().__init__(problem, settings, runtime, number, deadline)
        self.picture = problem.observation.contiguous(memory_format=self.layout)
        self.score = math.nan
        self.mean = self.picture.new_zeros(())  # running mean of the loss
        self.place(network(self.picture.shape[1], settings.channels, self.generator))

    def step(self) -> Step:
        """One step down the gradient; the last one is looked at with its own network."""
        rate = self.settings.lr * 0.5 ** (self.steps_made // max(1, self.halved_after))
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate
        with reproducible(self.runtime.device):
            loss, estimate = self.losses()
            self.descend(loss)
        loss = loss.detach()
        self.mean = loss if self.steps_made == 0 else torch.lerp(loss, self.mean, PAST)
        self.count_step()
        if self.stop_reason or (self.steps_made - 1) % self.every == 0:
            self.score = self.mean.item()
        if self.stop_reason:
            with torch.no_grad():
                estimate = self.cleaned(self.picture)
        estimate = estimate.detach().clamp(0, 1)
        facts: dict[str, object] = {"best_step": self.steps_made - 1, "score": self.score}
        return self.as_step(loss, estimate, estimate, facts)

    @property
    def halved_after(self) -> int:
        """Steps with the full rate."""
        return round(HALVED * self.settings.iters)

    def losses(self) -> tuple[Tensor, Tensor]:
        """The loss of residuals and of consistency, and the picture without its noise."""
        estimate = self.cleaned(self.picture)
        halves, restored = diagonals(self.picture), diagonals(estimate)
        cleaned = [self.cleaned(half) for half in halves]
        total = estimate.new_zeros(())
        for one, other, same in zip(cleaned, reversed(halves), restored, strict=True):
            total = total + F.mse_loss(one, other) / 2 + F.mse_loss(one, same) / 2
        return total, estimate

    def cleaned(self, x: Tensor) -> Tensor:
        """x without what the network finds of noise in it, float32."""
        return x - self.apply_net(x).float()

    def state_dict(self) -> dict[str, Any]:
        """Of every run, and the mean of the loss."""
        return super().state_dict() | {"score": self.score, "mean": self.mean}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state of the same problem, settings and seed."""
        super().load_state_dict(state)
        self.score, self.mean = state["score"], state["mean"]


def diagonals(x: Tensor) -> tuple[Tensor, Tensor]:
    """(B, C, H, W) -> the means over either diagonal of each 2x2 cell, (B, C, H // 2, W // 2)."""
    h, w = x.shape[2] // 2 * 2, x.shape[3] // 2 * 2
    a, b = x[..., :h:2, :w:2], x[..., :h:2, 1:w:2]
    c, d = x[..., 1:h:2, :w:2], x[..., 1:h:2, 1:w:2]
    return (b + c) / 2, (a + d) / 2


def network(channels: int, widths: tuple[int, ...], generator: torch.Generator) -> nn.Module:
    """3x3 convolutions of these widths, each with LeakyReLU(0.2), and a 1x1 convolution."""
    layers: list[nn.Module] = []
    for inputs, outputs in zip((channels, *widths), widths, strict=False):
        layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.LeakyReLU(SLOPE, inplace=True)]
    net = nn.Sequential(*layers, nn.Conv2d(widths[-1], channels, 1))
    initialise(net, generator)
    return net
