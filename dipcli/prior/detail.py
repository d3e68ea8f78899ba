"""A fit beside another restoration: of details alone, and first of the picture at half its size.

Where a network sees a picture that is good already, what it errs in for most of its steps is the
level of each region, which that picture has right. So that is taken from there, and the steps are
left to what is finer; the first of them are made on the reduced picture, whose weights the whole
goes on with, since what is learnt hardly depends on the size.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional as F

from dipcli.degradation.problem import Problem
from dipcli.prior import inputs
from dipcli.prior.fit import Run, facts_of, network_input
from dipcli.stages import REDUCED_SHARE, FitSettings
from dipcli.stream.step import Runtime, Step
from dipcli.system.devices import reproducible

CELL = 8  # pixels; 16 is slower to settle, 4 leaves the network less to say
UNKNOWN_ERROR = 1.0  # the score of what has said nothing yet: no picture in [0, 1] errs more


class DetailRun(Run):
    """A run of which only what is finer than CELL counts; the rest is that of `problem.picture`.

    The steps on the reduced picture estimate nothing new: their estimate is `problem.picture`.
    """

    def __init__(
        self,
        problem: Problem,
        settings: FitSettings,
        runtime: Runtime,
        number: int,
        deadline: float | None,
    ) -> None:
        """problem: of the identity, with a picture; the network sees that (input "picture")."""
        super().__init__(problem, settings, runtime, number, deadline)
        self.pilot = pictured(problem).contiguous(memory_format=self.layout)
        self.reduced_steps = int(REDUCED_SHARE * settings.iters)
        self.reduced = reduced(problem)
        z = network_input(self.reduced, settings, self.generator)
        z = z.to(runtime.device, memory_format=self.layout)
        self.reduced_jitter = inputs.Jitter(z, settings.jitter, self.generator)

    def output(self) -> Tensor:
        """net(z + jitter) with the levels of the picture that it saw, (1, C, H, W) float32."""
        return levelled(super().output(), self.pilot)

    def step(self) -> Step:
        """One step down the gradient, of the reduced picture or of the whole."""
        if self.steps_made >= self.reduced_steps:
            return super().step()
        h, w = self.reduced.size
        with reproducible(self.runtime.device):
            output = self.apply_net(self.reduced_jitter())[..., :h, :w]
            output = levelled(output, pictured(self.reduced))
            loss = self.loss_of(output, output, self.reduced.observation, None)
            self.descend(loss)
        self.count_step()
        known = facts_of(self.rule, self.guard) | {"score": UNKNOWN_ERROR}
        return self.as_step(loss.detach(), self.pilot, self.pilot, known)


def levelled(x: Tensor, picture: Tensor) -> Tensor:
    """x with the means of `picture` over cells of CELL pixels, joined linearly; (1, C, H, W) each.

    What is added is a constant to the gradient: what remains has no such means to descend by.
    """
    with torch.no_grad():
        means = F.avg_pool2d(x - picture, CELL, ceil_mode=True, count_include_pad=False)
        drift = F.interpolate(means, scale_factor=CELL, mode="bilinear", align_corners=False)
    return x - drift[..., : x.shape[2], : x.shape[3]]


def reduced(problem: Problem) -> Problem:
    """The same problem for the means over 2 x 2 pixels of its pictures."""
    y, picture = (
        F.avg_pool2d(one, 2, ceil_mode=True, count_include_pad=False)
        for one in (problem.observation, pictured(problem))
    )
    return replace(problem, observation=y, size=(y.shape[2], y.shape[3]), picture=picture)


def pictured(problem: Problem) -> Tensor:
    """The picture that the network sees; ValueError without one."""
    if problem.picture is None:
        raise ValueError("a fit of details leans on a picture")
    return problem.picture
