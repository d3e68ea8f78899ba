"""What learning makes small, from the formulas of the papers, and how fast it goes."""

import pytest
import torch

from dipcli.errors import UsageError
from dipcli.learning import objective
from dipcli.learning.added_noise import corrupted
from dipcli.learning.scenes import Sampler, Scene, held_out
from dipcli.learning.settings import LearnOptions, NoiseKind

FOUND = torch.tensor([0.5, 0.2])
TARGET = torch.tensor([0.1, 0.3])  # differences 0.4 and -0.1


def random(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(
    ("kind", "done", "value"),
    [
        ("l2", 0.3, (0.16 + 0.01) / 2),
        ("l1", 0.3, 0.25),
        ("l0", 0.0, (0.16 + 0.01) / 2),  # gamma is 2
        ("l0", 0.5, 0.25),  # 1
        ("l0", 0.75, (0.4**0.5 + 0.1**0.5) / 2),
        ("l0", 1.0, 1.0),  # 0
    ],
)
def test_losses_are_those_of_the_paper(kind, done, value):
    assert objective.loss(kind, FOUND, TARGET, done).item() == pytest.approx(value, abs=1e-6)


def test_the_gradient_of_l0_is_finite_where_nothing_is_missing():
    found = TARGET.clone().requires_grad_()
    objective.loss("l0", found, TARGET, 0.9).backward()
    assert found.grad.isfinite().all()


def test_no_value_that_is_hit_by_chance_decides_a_step_of_l0():
    gradient = torch.tensor([1.0, -2.0, 3.0, 1e6, -1e6])
    assert objective.without_spikes(gradient).tolist() == [1, -2, 3, 30, -30]


def test_the_rate_is_constant_for_70_percent_then_falls_to_nothing():
    assert [objective.rate(done) for done in (0, 0.5, 0.7)] == [1, 1, 1]
    assert objective.rate(0.85) == pytest.approx(0.5)
    assert objective.rate(1.0) == 0


def test_neighbours_are_pixels_of_one_cell_that_touch():
    h, w = 6, 8
    place = torch.stack(torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij"))
    x = torch.stack([place, place + 100]).float()  # two pictures of two channels
    g1, g2 = objective.neighbours(x, objective.draw_neighbours(x.shape, random()))
    assert g1.shape == g2.shape == (2, 2, h // 2, w // 2)
    assert ((g1 - g2).abs().sum(1) == 1).all()  # a row or a column apart, never both
    cells = torch.stack(
        torch.meshgrid(torch.arange(h // 2), torch.arange(w // 2), indexing="ij")
    ).float()
    for one in (g1, g2):
        assert ((one[0] / 2).floor() == cells).all()
        assert (((one[1] - 100) / 2).floor() == cells).all()


def test_every_pair_that_touches_is_drawn():
    drawn = objective.draw_neighbours(torch.Size((4, 1, 64, 64)), random())
    assert drawn.unique().tolist() == list(range(8))


def test_the_regulariser_asks_for_the_differences_of_the_restored_picture():
    one = torch.rand(1, 1, 4, 4, generator=random(1))
    same = objective.regulariser(one, one - 0.2, one, one - 0.2).item()
    other = objective.regulariser(one, one - 0.2, one, one).item()
    assert (same, other) == pytest.approx((0, 0.04), abs=1e-6)


@pytest.mark.parametrize("kind", ["gaussian:30", "poisson:20"])
def test_the_two_pictures_of_a_pair_share_no_noise(kind):
    clean = torch.full((3, 64, 64), 0.5)
    sampler = Sampler([Scene(clean)], NoiseKind.parse(kind), clean=False)
    seen, target = sampler.sample(8, 64, random())
    a, b = (one.flatten() - 0.5 for one in (seen, target))
    assert a.std() > 0.05
    assert abs(torch.corrcoef(torch.stack([a, b]))[0, 1].item()) < 0.02
    assert abs(b.mean().item()) < 0.002  # what is learnt is their mean


def test_clean_targets_are_clean():
    clean = torch.rand(3, 32, 32, generator=random())
    sampler = Sampler([Scene(clean)], NoiseKind.parse("gaussian:30"), clean=True)
    seen, target = sampler.sample(1, 32, random())
    assert sorted(target.flatten().tolist()) == sorted(clean.flatten().tolist())
    assert not torch.equal(seen, target)


def test_pairs_are_cut_and_turned_alike():
    seen = torch.rand(1, 40, 50, generator=random())
    sampler = Sampler([Scene(seen, seen / 2)], None, clean=False)
    a, b = sampler.sample(16, 24, random())
    assert torch.equal(a / 2, b)


def test_noise_has_the_strength_that_was_asked_for():
    clean = torch.full((1, 1, 200, 200), 0.4)
    sigma = corrupted(clean, NoiseKind.parse("gaussian:25"), random()).std().item()
    assert 255 * sigma == pytest.approx(25, rel=0.02)
    found = corrupted(clean, NoiseKind.parse("poisson:30"), random())
    assert found.var().item() == pytest.approx(0.4 / 30, rel=0.05)


def test_text_covers_a_part_and_leaves_the_rest():
    clean = torch.full((6, 3, 96, 96), 0.5)
    hit = (corrupted(clean, NoiseKind.parse("text:30"), random()) != clean).any(1).float()
    assert 0.02 < hit.mean().item() < 0.4


@pytest.mark.parametrize("text", ["snow", "gaussian:0", "gaussian:900", "poisson:x", "text:3:4"])
def test_noise_that_is_none_is_refused(text):
    with pytest.raises(UsageError, match="noise is"):
        NoiseKind.parse(text)


def test_what_does_not_belong_together_is_refused():
    with pytest.raises(UsageError, match="give one of them"):
        LearnOptions(sigma=25.0, noise="text")
    with pytest.raises(UsageError, match="--supervised"):
        LearnOptions(supervised=True)
    assert str(LearnOptions(sigma=25.0).added) == "gaussian:25"


def test_what_is_held_out_is_not_learnt_from():
    scenes = [Scene(torch.full((1, 16, 16), n / 40)) for n in range(23)]
    rest, held = held_out(scenes, 8)
    assert len(held) == 2
    assert {id(one) for one in rest}.isdisjoint(id(one) for one in held)
    assert held_out(scenes, 8)[1] == held
    (upper,), (lower,) = held_out([Scene(torch.arange(640.0).view(1, 32, 20) / 640)], 8)
    assert upper.seen.shape[1] + lower.seen.shape[1] == 32
    assert upper.seen.max() < lower.seen.min()
    with pytest.raises(UsageError, match="too small"):
        held_out([Scene(torch.zeros(1, 9, 9))], 8)
