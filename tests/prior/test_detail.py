"""A fit of details alone: levels are those of the picture seen, and the first steps are cheap."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from dipcli.degradation.problem import Problem
from dipcli.observers.packing import decode, encode
from dipcli.prior.detail import DetailRun, levelled, reduced
from dipcli.prior.fit import fit
from dipcli.stages import FitSettings
from dipcli.stream.resume import ResumeState
from dipcli.stream.step import Runtime, Step

CPU = Runtime(torch.device("cpu"))
TINY = FitSettings().override(
    channels=(4, 8), input="picture", stop="none", iters=12, runs=1, ema=0.5
)


def leaning(size: tuple[int, int] = (40, 52)) -> Problem:
    y, x = torch.meshgrid(*(torch.linspace(0, 3, n) for n in size), indexing="ij")
    picture = torch.stack([(x * (c + 1)).sin() * y.cos() / 2.5 + 0.5 for c in range(3)])[None]
    noise = torch.randn(picture.shape, generator=torch.Generator().manual_seed(0))
    return Problem((picture + 0.05 * noise).clamp(0, 1), size, picture=picture)


def run(problem: Problem, settings: FitSettings = TINY, runtime: Runtime = CPU) -> list[Step]:
    return list(fit(problem, settings, runtime, make=DetailRun))


def test_levels_come_from_the_picture_and_details_from_the_other():
    """A constant between both vanishes, whatever the size; a pattern finer than a cell stays."""
    picture = leaning((37, 50)).picture
    assert torch.allclose(levelled(picture + 0.3, picture), picture, atol=1e-6)
    checks = 0.1 * (1 - 2.0 * ((torch.arange(40)[:, None] + torch.arange(48)) % 2))
    flat = torch.full((1, 3, 40, 48), 0.5)
    assert torch.allclose(levelled(flat + checks, flat), flat + checks, atol=1e-6)


def test_no_gradient_comes_back_through_the_levels():
    x = torch.rand(1, 3, 16, 16, requires_grad=True)
    levelled(x, torch.rand(1, 3, 16, 16)).sum().backward()
    assert torch.equal(x.grad, torch.ones_like(x))


def test_half_of_the_steps_see_a_quarter_of_the_pixels():
    seen: list[int] = []

    class Watched(DetailRun):
        def apply_net(self, x: Tensor) -> Tensor:
            seen.append(x.shape[-2] * x.shape[-1])
            return super().apply_net(x)

    problem = leaning((64, 96))
    list(fit(problem, TINY, CPU, make=Watched))
    assert seen == [32 * 48] * 6 + [64 * 96] * 6


def test_what_is_estimated_is_the_picture_seen_until_the_whole_is_fitted():
    problem = leaning()
    steps = run(problem)
    assert [step.index for step in steps] == list(range(12))
    assert all(torch.equal(step.estimate, problem.picture) for step in steps[:6])
    assert not torch.equal(steps[6].estimate, problem.picture)
    assert steps[-1].loss < steps[6].loss
    assert all(float(step.notes["score"]) <= 1 for step in steps)


@pytest.mark.parametrize("size", [(40, 52), (31, 37), (5, 70)])
def test_any_size_goes_and_the_same_seed_gives_the_same_bytes(size):
    first, again = (run(leaning(size))[-1].estimate for _ in range(2))
    assert first.shape == (1, 3, *size)
    assert first.isfinite().all()
    assert torch.equal(first, again)
    assert not torch.equal(first, run(leaning(size), runtime=replace(CPU, seed=1))[-1].estimate)


@pytest.mark.parametrize("at", [2, 5, 8])
def test_it_goes_on_bit_for_bit(at):
    runtime, states = Runtime(CPU.device), []
    for step in fit(leaning(), TINY, runtime, make=DetailRun):  # noqa: B007 - the last counts
        states.append(encode(runtime.resume.state_dict(), {}))
    resumed = Runtime(CPU.device, resume=ResumeState(decode(states[at])))
    again = run(leaning(), runtime=resumed)[-1]
    assert torch.equal(again.estimate, step.estimate)
    assert torch.equal(again.loss, step.loss)


def test_time_that_ends_on_the_way_leaves_the_picture_seen():
    problem = leaning()
    *_, step = fit(problem, TINY, CPU, deadline=0.0, make=DetailRun)
    assert step.notes["why"] == "the time was up"
    assert torch.equal(step.estimate, problem.picture)


def test_the_reduced_problem_is_of_means():
    problem = leaning((6, 9))
    small = reduced(problem)
    assert small.size == (3, 5)
    assert torch.allclose(small.observation[0, 0, 0, 0], problem.observation[0, 0, :2, :2].mean())


def test_without_a_picture_there_is_nothing_to_lean_on():
    with pytest.raises(ValueError, match="leans on a picture"):
        DetailRun(replace(leaning(), picture=None), TINY.override(input="pyramid"), CPU, 0, None)
