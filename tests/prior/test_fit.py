"""The loop: determinism, divergence, budgets, and independence of everything else."""

import gc
import weakref
from dataclasses import replace
from itertools import pairwise
from time import perf_counter

import pytest
import torch
from torch import Tensor

from dipcli.architecture import NETWORKS
from dipcli.degradation.operators import Downsample
from dipcli.degradation.problem import Problem
from dipcli.observers.packing import decode, encode
from dipcli.prior import optimizers
from dipcli.prior.ensemble import Mean, ensemble, run_weight
from dipcli.prior.fit import Run, fit
from dipcli.stages import FitSettings
from dipcli.stream.resume import ResumeState
from dipcli.stream.step import Runtime, Step

CPU = Runtime(torch.device("cpu"))
TINY = FitSettings().override(channels=(4, 8), input_depth=4, iters=12, runs=1)


def smooth(size: tuple[int, int] = (24, 32), channels: int = 3) -> Tensor:
    y, x = torch.meshgrid(*(torch.linspace(0, 3, n) for n in size), indexing="ij")
    return torch.stack([(x * (c + 1)).sin() * y.cos() / 2.5 + 0.5 for c in range(channels)])[None]


def problem(size: tuple[int, int] = (24, 32)) -> Problem:
    return Problem(smooth(size), size)


def last(steps) -> Step:
    *_, step = steps
    return step


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not():
    first, again = (last(fit(problem(), TINY, CPU)).estimate for _ in range(2))
    assert torch.equal(first, again)
    other_run = last(fit(problem(), TINY, CPU, run=1)).estimate
    other_seed = last(fit(problem(), TINY, replace(CPU, seed=1))).estimate
    assert not torch.equal(first, other_run)
    assert not torch.equal(first, other_seed)
    assert not torch.equal(other_run, other_seed)


def test_nothing_else_in_the_process_has_a_say_nor_is_changed():
    alone = last(fit(problem(), TINY, CPU)).estimate
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    running = fit(problem((16, 16)), TINY, CPU)
    next(running)
    torch.rand(7)
    beside = [next(running) and step for step in fit(problem(), replace(TINY, iters=8), CPU)]
    assert torch.equal(beside[-1].output, last(fit(problem(), replace(TINY, iters=8), CPU)).output)
    assert torch.equal(alone, last(fit(problem(), TINY, CPU)).estimate)
    torch.set_rng_state(state)
    last(fit(problem(), TINY, CPU))
    assert torch.equal(state, torch.get_rng_state())
    assert torch.get_num_threads() == threads
    assert torch.get_default_dtype() is torch.float32


def test_the_loss_falls_and_steps_are_counted():
    steps = list(fit(problem(), replace(TINY, iters=40), CPU))
    assert [step.index for step in steps] == list(range(40))
    assert steps[-1].loss < 0.5 * steps[0].loss
    assert steps[-1].notes["why"] == "all 40 steps made"
    assert all("why" not in step.notes for step in steps[:-1])
    assert steps[-1].estimate.shape == (1, 3, 24, 32)
    assert steps[-1].estimate.dtype is torch.float32


@pytest.mark.parametrize("amp", [None, torch.bfloat16])
def test_a_short_mantissa_never_reaches_the_picture(amp):
    step = last(fit(problem(), TINY, replace(CPU, amp=amp)))
    assert step.output.dtype is torch.float32
    assert len(step.output.unique()) > 300


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (17, 31)])
@pytest.mark.parametrize("stop", ["holdout", "variance", "none"])
@pytest.mark.parametrize("net", NETWORKS)
def test_any_size_goes(size, stop, net):
    settings = TINY.override(stop=stop, net=net, iters=3, padding="reflection")
    step = last(fit(Problem(smooth(size, 5), size), settings, CPU))
    assert step.estimate.shape == (1, 5, *size)
    assert step.estimate.isfinite().all()


class Broken:
    """An operator that fails at chosen calls."""

    def __init__(self, at: tuple[int, ...], factor: float):
        self.at, self.factor, self.calls = at, factor, 0

    def __call__(self, x: Tensor) -> Tensor:
        self.calls += 1
        return x * self.factor if self.calls - 1 in self.at else x

    def adjoint(self, y: Tensor) -> Tensor:
        return y


@pytest.mark.parametrize("factor", [float("nan"), float("inf"), 50.0])
def test_a_diverged_run_goes_back_and_on(factor):
    broken = replace(problem(), operator=Broken(at=(25, 26), factor=factor))
    steps = list(fit(broken, TINY.override(iters=60, stop="none"), CPU))
    assert steps[-1].notes["restored"] == [25, 26]
    assert all(step.loss.isfinite() for step in steps)
    assert all(step.estimate.isfinite().all() for step in steps)
    assert steps[-1].loss < 0.7 * steps[24].loss


def test_going_back_restores_weights_optimizers_and_average():
    run = Run(problem(), TINY, CPU, 0, None)
    guard = run.guard

    def step(index: int) -> None:
        output = run.output()
        loss = (output - smooth()).square().mean()
        assert guard.accept(run, index, loss.item())
        run.average.update(output.detach())
        run.descend(loss)

    step(0)
    saved = guard.good
    for index in range(1, 6):
        step(index)
    assert not guard.accept(run, 6, float("nan"))
    state = run.snapshot()
    assert all(torch.equal(state["net"][name], saved["net"][name]) for name in saved["net"])
    assert str(state["optimizers"]) == str(saved["optimizers"])
    assert run.average.value is None
    assert not guard.accept(run, 7, float("nan"))
    rates = [group["lr"] for o in run.optimizers for group in o.param_groups]
    assert not guard.accept(run, 8, float("nan"))
    halved = [group["lr"] for o in run.optimizers for group in o.param_groups]
    assert halved == [rate / 2 for rate in rates]


def test_a_run_that_is_over_is_free_at_once():
    """A megapixel's run holds a gigabyte, which cannot wait for cycles to be collected."""
    made: list[weakref.ref[Run]] = []

    def make(*given) -> Run:
        run = Run(*given)
        made.append(weakref.ref(run))
        return run

    gc.collect()
    gc.disable()
    try:
        last(fit(problem(), TINY, replace(CPU, resume=ResumeState()), make=make))
        assert [one() for one in made] == [None]
    finally:
        gc.enable()


def test_a_run_that_never_works_is_gray_and_not_black():
    broken = replace(problem(), operator=Broken(tuple(range(99)), float("nan")))
    step = last(fit(broken, TINY, CPU))
    assert torch.allclose(step.estimate, smooth().mean((2, 3), keepdim=True))


def test_the_time_budget_ends_a_run_and_the_restoration():
    settings = TINY.override(iters=100_000, runs=5, patience=100_000)
    began = perf_counter()
    step = last(ensemble(problem(), settings, CPU, deadline=began + 0.5))
    assert perf_counter() - began < 1.0
    assert step.index > 3
    (run,) = step.notes["runs"]
    assert run["why"] == "the time was up"
    assert last(fit(problem(), settings, CPU, deadline=began - 1)).index == 0


def test_a_run_stops_by_itself_when_the_held_out_error_rises():
    noisy = smooth() + 0.2 * torch.randn(1, 3, 24, 32, generator=torch.Generator().manual_seed(0))
    settings = TINY.override(channels=(16, 32), iters=400, ema=0.8, patience=20)
    step = last(fit(Problem(noisy.clamp(0, 1), (24, 32)), settings, CPU))
    assert step.index < 399
    assert step.index - step.notes["best_step"] == 20
    error = (step.estimate - smooth()).square().mean()
    assert error < (noisy - smooth()).square().mean() / 4


def test_an_ensemble_counts_through_its_runs_and_knows_their_disagreement():
    settings = TINY.override(iters=6, runs=3)
    steps = list(ensemble(problem(), settings, CPU))
    assert [step.index for step in steps] == list(range(18))
    assert all(step.total == 18 for step in steps)
    assert [step.run for step in steps[::6]] == [0, 1, 2]
    assert len(steps[-1].notes["runs"]) == 3
    assert steps[5].spread is None
    spread = steps[-1].spread
    assert spread is not None and spread.shape == (1, 1, 24, 32) and spread.min() >= 0
    singles = [last(fit(problem(), settings, CPU, run=run)) for run in range(3)]
    weights = torch.tensor([run_weight(s.notes["score"], [], True) for s in singles])
    mean = sum(w * s.estimate for w, s in zip(weights / weights.sum(), singles, strict=True))
    assert torch.allclose(steps[-1].estimate, mean, atol=1e-5)


def test_a_run_on_its_way_joins_as_it_catches_up_and_a_failed_one_hardly_counts():
    ways = [run_weight(score, [0.01], ended=False) for score in (0.05, 0.02, 0.011, 0.01)]
    assert all(a < b for a, b in pairwise(ways))
    assert run_weight(0.05, [0.01], ended=True) < 0.05 * run_weight(0.01, [0.01], ended=True)
    zero, one = torch.zeros(1, 3, 2, 2), torch.ones(1, 3, 2, 2)
    mean = Mean.of(zero, 1.0).joined(Mean.of(one, 1.0))
    assert torch.allclose(mean.value, one / 2)
    assert torch.allclose(mean.spread(), torch.full((1, 1, 2, 2), 0.5))


def test_the_loop_fits_through_an_operator():
    operator = Downsample(2)
    truth = smooth((32, 32))
    task = Problem(operator(truth), (32, 32), operator)
    step = last(fit(task, TINY.override(iters=80, stop="none", upsample="bilinear"), CPU))
    assert (step.estimate - truth).square().mean() < 0.01


def test_weights_of_runs_in_numbers():
    assert run_weight(0.02, [], ended=False) == pytest.approx(2500)
    assert run_weight(0.02, [0.01], ended=True) == pytest.approx(2500)
    assert run_weight(0.012, [0.01], ended=False) == pytest.approx(6944.4 / 8.9161, rel=1e-3)
    one, other = torch.full((1, 3, 1, 1), 0.2), torch.full((1, 3, 1, 1), 0.8)
    both = Mean.of(one, 1.0).joined(Mean.of(other, 3.0))
    assert both.value.flatten().tolist() == pytest.approx([0.65] * 3)
    assert both.spread().item() == pytest.approx(0.2598, abs=1e-3)


@pytest.mark.parametrize(("deadline", "runs"), [(9.0, 1), (13.0, 2), (32.0, 3), (33.0, 4)])
def test_a_run_is_begun_if_a_quarter_of_the_time_of_the_last_is_left(monkeypatch, deadline, runs):
    now = [0.0]
    monkeypatch.setattr("dipcli.prior.ensemble.perf_counter", lambda: now[0])
    for _ in ensemble(problem(), replace(TINY, iters=1, runs=9), CPU, deadline):
        now[0] += 10.0  # what each run takes
    assert now[0] == 10.0 * runs


@pytest.mark.parametrize("optimizer", ["adam", "muon", "lbfgs"])
@pytest.mark.parametrize("optimize", [("input",), ("net", "input")])
def test_what_is_optimised_is_what_changes(optimize, optimizer):
    run = Run(problem(), TINY.override(optimize=optimize, optimizer=optimizer), CPU, 0, None)
    before = {name: value.clone() for name, value in run.net.state_dict().items()}
    z = run.jitter.z.detach().clone()
    steps = list(run.steps())
    assert steps[-1].loss < steps[0].loss
    moved = [not torch.equal(before[name], now) for name, now in run.net.state_dict().items()]
    assert any(moved) == ("net" in optimize)
    assert not torch.equal(z, run.jitter.z)


@pytest.mark.parametrize(
    "fields",
    [
        {"optimize": ("net", "input")},
        {"net": "pixels", "input": "noise", "tv": 1e-6},
        {"optimizer": "lbfgs", "lr": 0.1},
        {"net": "unet", "upsample": "deconv", "more_layers": 1, "norm": "instance"},
        {"net": "resnet", "blocks": 2},
        {"net": "decoder"},
    ],
    ids=str,
)
def test_it_goes_on_bit_for_bit(fields, monkeypatch):
    monkeypatch.setattr(optimizers, "WARM_UP", 4)
    settings = TINY.override(stop="none", **fields)
    runtime, states = Runtime(CPU.device), []
    for step in fit(problem(), settings, runtime):  # noqa: B007 - the last one is compared
        states.append(encode(runtime.resume.state_dict(), {}))
    for at in (2, 7):
        resumed = Runtime(CPU.device, resume=ResumeState(decode(states[at])))
        again = last(fit(problem(), settings, resumed))
        assert torch.equal(again.estimate, step.estimate)
        assert torch.equal(again.loss, step.loss)


def test_pixels_have_no_prior_and_total_variation_is_one():
    """What was not observed stays as it was drawn, unless neighbours shall be alike."""
    y = smooth()
    known = torch.ones(1, 1, 24, 32)
    known[..., ::2] = 0
    settings = TINY.override(net="pixels", input="noise", optimizer="adam", lr=0.05, iters=150)
    settings = settings.override(stop="none", ema=0.0)
    half = Problem(y, (24, 32), known=known)
    errors = []
    for tv in (0.0, 3e-5):
        step = last(fit(half, settings.override(tv=tv), CPU))
        assert step.estimate.shape == y.shape
        errors.append([(step.estimate - y).square()[..., at::2].mean().item() for at in (0, 1)])
    assert errors[0][1] < 1e-4 and errors[0][0] > 0.1
    assert errors[1][0] < 0.1 * errors[0][0]
