"""What a fit before copies sees: coarse colours are enough, and cost a quarter."""

import torch

from dipcli import steps, tasks
from dipcli.presets.inpaint import PRESETS, InpaintSettings
from dipcli.tasks.completing import LEAST_HALVED, coarse_problem


def observed(side):
    y = torch.rand(1, 3, side, side + 1, generator=torch.Generator().manual_seed(0))
    known = torch.ones(1, 1, side, side + 1)
    known[..., 11:40, 20:50] = 0
    return y, known


def test_a_coarse_problem_has_the_means_of_what_is_known():
    y, known = observed(LEAST_HALVED)
    coarse = coarse_problem(y, known)
    assert coarse.size == (LEAST_HALVED // 2, LEAST_HALVED // 2 + 1)
    assert torch.allclose(coarse.observation[0, :, 0, 0], y[0, :, :2, :2].mean((1, 2)))
    assert torch.allclose(coarse.observation[0, :, 5, 12], y[0, :, 10, 24:26].mean(1))
    assert coarse.known[0, 0, 5, 12] == 1
    assert coarse.known[0, 0, 6:20, 10:25].sum() == 0
    assert coarse.observation[0, :, 6:20, 10:25].abs().sum() == 0


def test_what_lies_in_the_hole_does_not_matter():
    y, known = observed(LEAST_HALVED)
    other = torch.where(known > 0, y, 1 - y)
    a, b = (coarse_problem(one, known).observation for one in (y, other))
    assert torch.equal(a, b)


def test_a_small_picture_is_fitted_as_it_is():
    y, known = observed(LEAST_HALVED - 1)
    assert coarse_problem(y, known).size == y.shape[-2:]


def test_every_step_is_of_full_size_and_keeps_what_is_known():
    y, known = observed(LEAST_HALVED)
    picture = y[0].permute(1, 2, 0).numpy()
    task = tasks.inpaint(picture, known[0, 0].numpy() == 0, as_is=True)
    made = list(steps(task, iters=2, channels=(4, 4), passes=1, device="cpu"))
    assert {step.stage for step in made} == {"fit", "filter"}
    for step in made:
        assert step.output.shape == step.estimate.shape == y.shape
        assert torch.equal(step.estimate * known, y * known)


def test_a_fit_before_copies_costs_a_quarter():
    chosen = {name: value for name, (value, _) in PRESETS["auto"]["large"].items()}
    settings = InpaintSettings(**chosen)
    alone = InpaintSettings(**chosen | {"method": "dip"})
    assert settings.cost_of_fit(4e6) == alone.cost_of_fit(1e6)
