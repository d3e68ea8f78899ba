"""Losses look only where they are told to."""

import pytest
import torch

from dipcli.prior.losses import diverged, masked
from dipcli.stages import LOSSES


@pytest.mark.parametrize(("kind", "value"), [("mse", 0.25), ("l1", 0.5), ("charbonnier", 0.5)])
def test_values(kind, value):
    assert kind in LOSSES
    y = torch.zeros(1, 3, 4, 4)
    assert masked(kind, y + 0.5, y, None).item() == pytest.approx(value, abs=1e-5)


@pytest.mark.parametrize("kind", LOSSES)
def test_what_has_no_weight_does_not_count(kind):
    weight = torch.zeros(1, 1, 4, 4)
    weight[..., :2] = 1
    y = torch.zeros(1, 3, 4, 4)
    fitted = torch.full_like(y, 0.5)
    inside = masked(kind, fitted, y, weight)
    fitted[..., 2:] = 9.0
    assert torch.equal(masked(kind, fitted, y, weight), inside)
    assert inside.item() == pytest.approx(masked(kind, y + 0.5, y, None).item())


def test_a_fall_is_counted_in_decibels():
    assert not diverged("mse", 0.01, 0.031)
    assert diverged("mse", 0.01, 0.032)
    assert not diverged("l1", 0.1, 0.17)
    assert diverged("l1", 0.1, 0.18)


def test_charbonnier_is_a_thousandth_where_there_is_no_error():
    y = torch.zeros(1, 1, 2, 2)
    assert masked("charbonnier", y, y, None).item() == pytest.approx(0.001, rel=1e-4)
    assert masked("charbonnier", y + 0.001, y, None).item() == pytest.approx(0.0014142, rel=1e-3)
