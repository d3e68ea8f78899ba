"""Muon's steps are orthogonal, and both optimizers go downhill."""

import copy

import pytest
import torch
from torch import nn

from dipcli.prior import optimizers as made
from dipcli.prior.optimizers import Muon, WarmLBFGS, build, orthogonalise
from dipcli.stages import OPTIMIZERS


@pytest.mark.parametrize("shape", [(8, 72), (72, 8), (16, 16)])
def test_singular_values_come_near_one_and_directions_stay(shape):
    matrices = torch.randn(3, *shape, generator=torch.Generator().manual_seed(0))
    matrices = matrices * torch.tensor([1e-6, 1.0, 1e3]).view(3, 1, 1)
    u, s, v = torch.linalg.svd(orthogonalise(matrices, steps=10), full_matrices=False)
    assert s.min() > 0.6 and s.max() < 1.25
    a, _, b = torch.linalg.svd(matrices, full_matrices=False)
    nearest = a @ b
    cosine = ((u @ v) * nearest).sum((1, 2)) / nearest.square().sum((1, 2))
    assert cosine.min() > 0.98


def test_a_zero_gradient_does_not_become_nan():
    assert torch.equal(orthogonalise(torch.zeros(2, 3, 5)), torch.zeros(2, 3, 5))


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(2, 8, 3), nn.BatchNorm2d(8), nn.Conv2d(8, 1, 1))


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_every_parameter_is_owned_once_and_the_loss_falls(kind):
    net = network()
    optimizers = build(kind, net.parameters(), lr=0.02)
    owned = [p for o in optimizers for group in o.param_groups for p in group["params"]]
    assert sorted(map(id, owned)) == sorted(map(id, net.parameters()))
    x, y = torch.randn(1, 2, 12, 12), torch.randn(1, 1, 10, 10)
    losses = []
    for _ in range(30):
        loss = (net(x) - y).square().mean()
        losses.append(loss.item())
        loss.backward()
        for optimizer in optimizers:
            optimizer.step(lambda: loss.detach())  # noqa: B023 - called at once
            optimizer.zero_grad()
    assert losses[-1] < 0.9 * losses[0]


def test_large_products_in_bfloat16_give_the_same_step_within_its_precision():
    gradient = torch.randn(64, 128, 3, 3, generator=torch.Generator().manual_seed(0))
    steps = []
    for precision in (None, torch.bfloat16):
        weight = nn.Parameter(torch.zeros_like(gradient))
        weight.grad = gradient
        Muon([weight], lr=1.0, precision=precision).step()
        steps.append(weight.detach())
    assert steps[1].dtype is torch.float32
    assert 0 < (steps[1] - steps[0]).norm() < 0.03 * steps[0].norm()


def test_muon_steps_by_the_learning_rate_whatever_the_gradient():
    for scale in (1e-4, 1e4):
        weight = nn.Parameter(torch.zeros(4, 2, 3, 3))
        optimizer = Muon([weight], lr=0.5)
        weight.grad = scale * torch.randn(4, 2, 3, 3, generator=torch.Generator().manual_seed(0))
        optimizer.step()
        largest = torch.linalg.matrix_norm(weight.detach().flatten(1), 2).item()
        assert largest == pytest.approx(0.5, rel=0.3)


def step_of(shape: tuple[int, ...], *gradients: torch.Tensor) -> torch.Tensor:
    """What the last of these gradients moves a weight by, at a rate of 1, as a matrix."""
    weight = nn.Parameter(torch.zeros(shape))
    optimizer = Muon([weight], lr=1.0)
    for gradient in gradients:
        before = weight.detach().clone()
        weight.grad = gradient
        optimizer.step()
    return (before - weight.detach()).flatten(1)


def test_a_step_of_a_tall_weight_is_larger_by_the_root_of_its_proportion():
    draw = torch.Generator().manual_seed(0)
    wide = torch.randn(8, 72, 1, 1, generator=draw)
    tall = torch.randn(72, 8, 1, 1, generator=draw)
    for gradient, size in ((wide, 1.0), (tall, 3.0)):
        singular = torch.linalg.svdvals(step_of(tuple(gradient.shape), gradient))
        assert 0.6 * size < singular.min() and singular.max() < 1.25 * size


def test_a_direction_has_a_tenth_of_the_new_gradient_and_of_the_one_before():
    """Nesterov with 0.95: 0.05 g2 + 0.95 (0.05 g2 + 0.95 x 0.05 g1), that is 0.0975 to 0.0451."""
    first, second = torch.zeros(2, 2, 1, 1), torch.zeros(2, 2, 1, 1)
    first[0, 0], second[1, 1] = 1.0, 1.0
    weighed = torch.zeros(2, 2)
    weighed[0, 0], weighed[1, 1] = 0.0451, 0.0975
    expected = orthogonalise(weighed[None])[0]
    assert torch.allclose(step_of((2, 2, 1, 1), first, second), expected, atol=0.01)


def test_beside_muon_the_vectors_have_a_rate_of_a_hundredth():
    muon, adam = build("muon", network().parameters(), lr=0.5)
    assert muon.param_groups[0]["lr"] == 0.5
    assert adam.param_groups[0]["lr"] == 0.01


def fitting(net):
    x = torch.randn(1, 2, 12, 12, generator=torch.Generator().manual_seed(1))

    def loss():
        net.zero_grad()
        found = (net(x) - 0.3).square().mean()
        found.backward()
        return found.detach()

    return loss


def test_lbfgs_step_by_step_is_one_call_of_as_many_iterations():
    """Adam for 100 steps at 0.001, then LBFGS at the given rate, tolerances off: as published."""
    ours, theirs = network(), network()
    stepped, loss = WarmLBFGS(ours.parameters(), lr=0.1), fitting(ours)
    for _ in range(100 + 15):
        stepped.step(loss)
    whole = fitting(theirs)
    adam = torch.optim.Adam(theirs.parameters(), lr=0.001)
    for _ in range(100):
        adam.step(whole)
    torch.optim.LBFGS(
        theirs.parameters(), lr=0.1, max_iter=15, tolerance_grad=-1, tolerance_change=-1
    ).step(whole)
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.allclose(p, q, rtol=1e-5, atol=1e-7)


def test_lbfgs_goes_on_from_its_state_to_the_bit(monkeypatch):
    monkeypatch.setattr(made, "WARM_UP", 3)
    once, again = network(), network()
    first, loss = WarmLBFGS(once.parameters(), lr=0.1), fitting(once)
    for made_steps in range(8):
        if made_steps == 5:
            again.load_state_dict(once.state_dict())
            second = WarmLBFGS(again.parameters(), lr=0.1)
            second.load_state_dict(copy.deepcopy(first.state_dict()))
        first.step(loss)
    repeat = fitting(again)
    for _ in range(3):
        second.step(repeat)
    for p, q in zip(once.parameters(), again.parameters(), strict=True):
        assert torch.equal(p, q)


def test_pictures_are_optimised_beside_matrices_and_without_any():
    picture = nn.Parameter(torch.zeros(1, 3, 4, 4))
    beside = build("muon", network().parameters(), 0.02, pictures=[picture])
    assert [type(one).__name__ for one in beside] == ["Muon", "Adam"]
    assert any(picture is p for p in beside[1].param_groups[0]["params"])
    (alone,) = build("muon", (), 0.02, pictures=[picture])
    assert type(alone).__name__ == "Adam" and alone.param_groups[0]["lr"] == 0.02
