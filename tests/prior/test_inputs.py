"""z: kinds, shapes, and the same numbers from the same seed."""

from itertools import pairwise

import pytest
import torch

from dipcli.architecture import INPUTS
from dipcli.prior.inputs import Jitter, draw


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("kind", INPUTS)
@pytest.mark.parametrize("size", [(64, 64), (64, 96)])
def test_a_seed_gives_the_same_z_and_the_global_generator_is_left_alone(kind, size):
    picture = torch.rand(1, 3, 5, 7)
    before = torch.get_rng_state()
    z = draw(kind, size, 6, generator(), picture)
    assert torch.equal(before, torch.get_rng_state())
    assert z.shape == (1, {"mesh": 2, "picture": 3}.get(kind, 6), *size)
    assert z.isfinite().all()
    assert torch.equal(z, draw(kind, size, 6, generator(), picture))


def test_published_noise_is_uniform_up_to_a_tenth():
    z = draw("noise", (64, 64), 4, generator())
    assert z.min() >= 0 and z.max() <= 0.1
    assert z.mean().item() == pytest.approx(0.05, abs=0.002)


def test_the_pyramid_is_smooth_and_of_unit_deviation():
    z = draw("pyramid", (64, 64), 4, generator())
    assert z.std((2, 3)).flatten().tolist() == pytest.approx([1] * 4, abs=1e-3)
    step = (z[..., 1:] - z[..., :-1]).std()
    assert step < 1  # white noise would have 1.41


def test_the_mesh_runs_from_corner_to_corner():
    x, y = draw("mesh", (4, 5), 2, generator())[0]
    assert x[0].tolist() == pytest.approx([0, 0.25, 0.5, 0.75, 1])
    assert y[:, 0].tolist() == pytest.approx([0, 1 / 3, 2 / 3, 1])


def test_a_picture_is_continued_by_reflection():
    picture = torch.arange(6.0).view(1, 1, 2, 3)
    z = draw("picture", (4, 4), 1, generator(), picture)
    assert z[0, 0].tolist() == [[0, 1, 2, 1], [3, 4, 5, 4], [0, 1, 2, 1], [3, 4, 5, 4]]


def test_jitter_is_fresh_at_each_step_of_the_right_size_and_reproducible():
    z = torch.zeros(1, 4, 64, 64)
    jitter, again = Jitter(z, 0.1, generator()), Jitter(z, 0.1, generator())
    drawn = [jitter() for _ in range(5)]
    assert all(torch.equal(a, again()) for a in drawn)
    assert all(not torch.equal(a, b) for a, b in pairwise(drawn))
    assert all(a.std().item() == pytest.approx(0.1, rel=0.05) for a in drawn)


def test_without_jitter_z_stays_itself():
    z = torch.rand(1, 2, 8, 8)
    assert torch.equal(Jitter(z, 0.0, generator())(), z)


def test_fourier_features_double_their_frequency():
    z = draw("fourier", (3, 5), 8, generator())[0]  # x: 0, 1/4, 1/2, 3/4, 1
    root = 0.5**0.5
    assert z[0, 0].tolist() == pytest.approx([0, root, 1, root, 0], abs=1e-6)
    assert z[4, 0].tolist() == pytest.approx([0, 1, 0, -1, 0], abs=1e-6)
    assert z[5, 0].tolist() == pytest.approx([1, 0, -1, 0, 1], abs=1e-6)


def test_the_pyramid_has_scales_up_to_a_thirty_second():
    """Blocks of 32 pixels differ in their means, as those of white noise hardly do (0.03)."""
    z = draw("pyramid", (256, 256), 2, generator())
    blocks = z.unfold(2, 32, 32).unfold(3, 32, 32).mean((-1, -2))
    assert blocks.std() > 0.25


def test_jitter_has_both_signs():
    jitter = Jitter(torch.zeros(1, 1, 16, 16), 1.0, generator())
    assert {_sign(jitter()[0, 0], jitter.field[0, 0]) for _ in range(16)} == {-1, 1}


def _sign(shown: torch.Tensor, field: torch.Tensor) -> int:
    """1 if a part of the field is shown as it is, -1 if turned round."""
    part = shown[:8, :8]
    places = field.unfold(0, 8, 1).unfold(1, 8, 1)
    upright = (places - part).abs().amax((-1, -2)).min()
    turned = (places + part).abs().amax((-1, -2)).min()
    return 1 if upright < turned else -1
