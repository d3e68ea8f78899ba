"""Stopping rules on curves whose best step is known."""

import pytest
import torch
from torch import Tensor

from dipcli.prior.stopping import Average, HoldOut, LastStep, WindowedVariance, hold_out


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def noise(seed: int) -> Tensor:
    return torch.randn(1, 3, 16, 16, generator=generator(seed))


def test_an_average_has_no_bias_and_leaves_what_it_gave_alone():
    average = Average(0.9)
    first = average.update(torch.tensor(2.0))
    second = average.update(torch.tensor(4.0))
    assert first.item() == 2.0
    assert second.item() == pytest.approx((0.9 * 2 + 4) / 1.9)
    latest = Average(0.0)
    latest.update(torch.tensor(1.0))
    assert latest.update(torch.tensor(7.0)).item() == 7.0


def run(rule, outputs) -> int:
    """Feed outputs until the rule is done; the number of steps made."""
    for step, output in enumerate(outputs):
        rule.decide(step, float(rule.measure(output, output)), output)
        if rule.done:
            return step + 1
    return len(outputs)


def test_hold_out_stops_at_the_least_error_on_pixels_the_loss_never_saw():
    truth = torch.zeros(1, 3, 16, 16)
    held = hold_out(None, (16, 16), 0.2, generator())
    assert held is not None
    rule = HoldOut(truth, held, ema=0.0, patience=10)
    outputs = [truth + abs(step - 30) / 100 for step in range(100)]
    for output in outputs:  # the fitted pixels only get better: they must not matter
        output[:, :, ~held[0, 0]] = 0
    assert run(rule, outputs) == 41
    assert rule.best_step == 30
    assert rule.best is outputs[30]
    assert "30" in rule.stop_reason()


def test_hold_out_takes_known_pixels_only_and_others_for_each_run():
    known = torch.zeros(1, 1, 20, 20)
    known[..., 5:15] = 1
    first, second = (hold_out(known, (20, 20), 0.1, generator(seed)) for seed in (0, 1))
    assert first is not None and second is not None
    assert first.sum() == second.sum() == 20
    assert (known[first] == 1).all()
    assert not torch.equal(first, second)
    assert hold_out(known, (20, 20), 0.01, generator()) is None


def test_the_variance_rule_finds_the_valley_and_not_the_false_one_before_it():
    """Outputs hardly move, then move much, then little (the valley), then learn noise."""

    def movement(step: int) -> float:
        if step < 40:
            return 0.01
        if step < 120:
            return 1.0
        return 0.05 + abs(step - 200) / 400

    outputs = [movement(step) * noise(step) for step in range(500)]
    rule = WindowedVariance(3 * 16 * 16, iters=500, generator=generator())
    made = run(rule, outputs)
    assert made == rule.best_step + 101
    assert 195 <= rule.best_step <= 215
    assert rule.best is outputs[rule.best_step]


def test_the_variance_rule_without_a_valley_follows_the_run():
    outputs = [noise(step) for step in range(60)]
    rule = WindowedVariance(3 * 16 * 16, iters=500, generator=generator())
    assert run(rule, outputs) == 60
    assert rule.best is not None


def test_the_last_step_is_the_best_when_nothing_stops():
    outputs = [noise(step) for step in range(5)]
    rule = LastStep(torch.zeros(1, 3, 16, 16), None)
    assert run(rule, outputs) == 5
    assert rule.best is outputs[-1]
    assert rule.best_step == 4


def test_a_valley_is_at_most_half_as_high_as_the_peak_before_it():
    rule = WindowedVariance(16, 250, torch.Generator().manual_seed(0))
    assert (rule.window, rule.patience) == (5, 50)
    average = torch.zeros(1)
    for step, variance in enumerate((0.2, 1.0, 0.6, 0.7)):
        rule.decide(step, variance, average)
        assert rule.best_step == step and rule.score > 1
    for step, variance in enumerate((0.49, 0.6, 0.3, 0.4), 4):
        rule.decide(step, variance, average)
        assert rule.score == (0.49 if step < 6 else 0.3)
    assert rule.best_step == 6 and not rule.done
    rule.decide(55, 0.4, average)
    assert not rule.done
    rule.decide(56, 0.4, average)
    assert rule.done
