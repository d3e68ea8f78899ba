"""Learning to enlarge from the picture itself: what is learnt helps, and nothing else decides."""

from dataclasses import replace
from functools import partial
from time import perf_counter

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from dipcli import tasks
from dipcli.degradation.operators import Downsample, Identity
from dipcli.degradation.problem import Problem
from dipcli.errors import UsageError
from dipcli.learning.training_pairs import dihedral, dihedral_inverse, examples, sample_batch
from dipcli.learning.zero_shot import ZeroShotRun, factors
from dipcli.presets.superres import SuperresSettings
from dipcli.prior.fit import fit
from dipcli.stream.step import Runtime, Step

CPU = Runtime(torch.device("cpu"))
learn = partial(fit, make=ZeroShotRun)
TINY = SuperresSettings(method="zero-shot", channels=(16, 16), loss="l1", runs=1, iters=6)


def stripes(h: int, w: int, channels: int = 3, width: float = 8.0) -> Tensor:
    """Sharp oblique stripes, antialiased, (1, channels, h, w); width: in pixels, about."""
    y, x = torch.meshgrid(torch.arange(4 * h) / 4, torch.arange(4 * w) / 4, indexing="ij")
    waves = [((x + (0.5 + c) * y) * 3.14 / width).sin().sign() * 0.4 + 0.5 for c in range(channels)]
    return F.avg_pool2d(torch.stack(waves)[None], 4)


def problem(h: int, w: int, scale: int, channels: int = 3) -> tuple[Problem, Tensor]:
    truth = stripes(scale * h, scale * w, channels, 4.0 * scale)
    operator = Downsample(scale, "bicubic")
    return Problem(operator(truth).clamp(0, 1), (scale * h, scale * w), operator), truth


def last(steps) -> Step:
    *_, step = steps
    return step


def error(a: Tensor, b: Tensor) -> float:
    return float((a - b).square().mean())


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_what_is_learnt_is_nearer_to_the_truth_than_interpolation(scale):
    given, truth = problem(24, 30, scale)
    found = last(learn(given, replace(TINY, iters=60), CPU)).estimate
    plain = F.interpolate(given.observation, scale_factor=scale, mode="bicubic").clamp(0, 1)
    assert error(found, truth) < 0.75 * error(plain, truth)
    assert error(given.operator(found), given.observation) < 1e-4


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
@pytest.mark.parametrize("size", [(1, 1), (1, 19), (7, 5)])
@pytest.mark.parametrize("channels", [1, 4])
def test_any_size_and_any_channels(scale, size, channels):
    given, truth = problem(*size, scale, channels)
    steps = list(learn(given, TINY, CPU))
    assert [step.index for step in steps] == list(range(6))
    for step in steps:
        assert step.estimate.shape == truth.shape
        assert step.estimate.min() >= 0 and step.estimate.max() <= 1
    assert steps[-1].notes["why"] == "all 6 steps made"


def test_a_seed_gives_the_same_bytes_and_another_run_others():
    given, _ = problem(16, 20, 4)
    state = torch.get_rng_state()
    one, same = (last(learn(given, TINY, CPU)).estimate for _ in range(2))
    assert torch.equal(one, same)
    assert not torch.equal(one, last(learn(given, TINY, CPU, run=1)).estimate)
    assert not torch.equal(one, last(learn(given, TINY, replace(CPU, seed=1))).estimate)
    assert torch.equal(state, torch.get_rng_state())


def test_the_time_ends_it_with_what_was_learnt():
    given, truth = problem(24, 30, 2)
    settings = replace(TINY, iters=1_000_000)
    step = last(learn(given, settings, CPU, deadline=perf_counter() + 0.7))
    assert step.notes["why"] == "the time was up"
    plain = F.interpolate(given.observation, scale_factor=2, mode="bicubic").clamp(0, 1)
    assert error(step.estimate, truth) < error(plain, truth)


def test_a_run_that_diverged_is_interpolation():
    given, _ = problem(16, 20, 2)
    step = last(learn(given, replace(TINY, optimizer="adam", lr=10.0, iters=40), CPU))
    assert step.estimate.isfinite().all()
    assert error(given.operator(step.estimate), given.observation) < 0.05


def test_bands_do_not_show(monkeypatch):
    given, _ = problem(40, 20, 2)
    whole = last(learn(given, TINY, CPU)).estimate
    monkeypatch.setattr("dipcli.learning.zero_shot.BAND", 400)
    assert torch.allclose(last(learn(given, TINY, CPU)).estimate, whole, atol=1e-5)


def test_turning_is_undone():
    x = torch.rand(1, 2, 3, 5, generator=torch.Generator().manual_seed(0))
    for turns in range(4):
        for mirrored in (0, 1):
            assert torch.equal(dihedral_inverse(dihedral(x, turns, mirrored), turns, mirrored), x)


def test_examples_lie_on_one_another():
    pairs = examples([stripes(60, 80)], Downsample(2, "bicubic"))
    assert len({truth.shape for truth, _ in pairs}) == 4
    truths, reductions = sample_batch(pairs, torch.Generator().manual_seed(0))
    assert truths.shape == reductions.shape
    for truth, reduced in zip(truths, reductions, strict=True):
        assert torch.corrcoef(torch.stack([truth.flatten(), reduced.flatten()]))[0, 1] > 0.8


def test_doublings():
    assert [factors(scale) for scale in (2, 3, 4, 8)] == [(2,), (3,), (2, 2), (2, 2, 2)]


def test_it_only_enlarges():
    given, _ = problem(8, 8, 2)
    with pytest.raises(TypeError, match="reduced"):
        next(learn(replace(given, operator=Identity()), TINY, CPU))
    with pytest.raises(UsageError, match="method"):
        tasks.denoise(torch.rand(8, 8).numpy()).settings(method="zero-shot")
