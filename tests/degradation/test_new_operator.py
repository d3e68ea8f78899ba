"""The change test for an operator: two methods are all that a problem needs of it."""

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from dipcli.degradation.problem import Problem
from dipcli.degradation.projection import project
from dipcli.prior.fit import fit
from dipcli.stages import FitSettings
from dipcli.stream.step import Runtime


@dataclass(frozen=True)
class BoxBlur:
    """The mean over 3 x 3; what lies beyond the edge is 0, so that it is its own adjoint."""

    def __call__(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        return F.avg_pool2d(x, 3, 1, 1)

    def adjoint(self, y: Tensor) -> Tensor:
        """The kernel is symmetric."""
        return self(y)


@dataclass(frozen=True)
class QuarterTurn:
    """The picture lay on its side."""

    def __call__(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, W, H)."""
        return torch.rot90(x, 1, (2, 3))

    def adjoint(self, y: Tensor) -> Tensor:
        """Turned back."""
        return torch.rot90(y, -1, (2, 3))


OPERATORS = [BoxBlur(), QuarterTurn()]


def pictures(*size: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(*size, generator=generator, dtype=torch.float64)


def soft(height: int = 24, width: int = 32) -> Tensor:
    """Waves of two colours, (1, 2, height, width) float32 in [0, 1]."""
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    return torch.stack([(x / 5).sin(), (y / 4 + x / 9).cos()])[None] * 0.4 + 0.5


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda one: type(one).__name__)
@pytest.mark.parametrize("size", [(1, 1), (7, 12)])
def test_it_matches_its_adjoint(operator, size):
    x = pictures(2, 3, *size)
    image = operator(x)
    y = pictures(*image.shape, seed=1)
    assert (image * y).sum().item() == pytest.approx((x * operator.adjoint(y)).sum().item(), 1e-12)


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda one: type(one).__name__)
def test_projection_explains_the_observation_by_a_small_change(operator):
    truth, x = pictures(1, 3, 12, 10), pictures(1, 3, 12, 10, seed=1)
    y = operator(truth)
    found = project(x, operator, y, steps=300)
    before, after = ((operator(one) - y).norm() for one in (x, found))
    assert after < 1e-2 * before
    assert (found - x).norm() <= (truth - x).norm()


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda one: type(one).__name__)
def test_a_fit_through_it_explains_the_observation(operator):
    truth = soft()
    problem = Problem(operator(truth), (24, 32), operator)
    settings = FitSettings().override(channels=(8, 8), input_depth=4, iters=60, stop="none")
    steps = list(fit(problem, settings, Runtime(torch.device("cpu"))))
    assert steps[-1].estimate.shape == truth.shape
    assert steps[-1].loss < 0.1 * steps[0].loss
    first, last = ((step.estimate - truth).square().mean() for step in (steps[0], steps[-1]))
    assert last < 0.2 * first
