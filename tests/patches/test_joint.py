"""The filter with a guide: it follows what both pictures show, and copies nothing else."""

import numpy as np
import pytest
import torch
from skimage import data

from dipcli.bench.flash import pair
from dipcli.degradation.noise import Noise
from dipcli.patches import correlated, filter, joint
from dipcli.patches.laws import Shared, White


def tensor(picture):
    return torch.from_numpy((picture / 255).astype(np.float32)).permute(2, 0, 1)[None]


def psnr(x, truth):
    return float(-10 * (x - truth).square().mean().log10())


def noisy(truth, sigma):
    generator = torch.Generator().manual_seed(0)
    return (truth + sigma * torch.randn(truth.shape, generator=generator)).clamp(0, 1)


def test_a_guide_gains_over_the_filter_alone():
    _, flash, truth = (tensor(one) for one in pair(data.astronaut()[20:116, 180:276], 0.0))
    noise, y = Noise(25 / 255), noisy(truth, 25 / 255)
    *_, alone = filter.estimates(y, noise, filter.schedule(2, 3, 4)[0])
    *_, guided = joint.estimates(y, flash, White(noise, 3), 2, 3)
    assert psnr(guided, truth) > psnr(alone, truth) + 1


def test_a_shadow_of_the_guide_is_not_copied():
    truth = torch.full((1, 3, 48, 48), 0.3)
    flash = torch.full_like(truth, 0.7)
    flash[..., 24:] = 0.35
    *_, found = joint.estimates(noisy(truth, 0.06), flash, White(Noise(0.06), 3), 2, 3)
    step = found[..., 26:40].mean() - found[..., 8:22].mean()
    assert abs(float(step)) < 0.01


def test_a_shadow_that_the_guide_does_not_have_stays():
    truth = torch.full((1, 3, 48, 48), 0.5)
    truth[..., 24:] = 0.25
    *_, found = joint.estimates(
        noisy(truth, 0.06), torch.full_like(truth, 0.7), White(Noise(0.06), 3), 3, 3
    )
    assert psnr(found, truth) > 35
    assert float(found[..., 22].mean() - found[..., 25].mean()) > 0.15


@pytest.mark.parametrize(("own", "others"), [(1, 3), (3, 1)])
def test_gray_and_colour_go_together(own, others):
    y, guide = torch.rand(1, own, 20, 17), torch.rand(1, others, 20, 17)
    found = list(joint.estimates(y, guide, White(Noise(0.1), own), 2, 3))
    assert [one.shape for one in found] == [y.shape] * 2
    assert all(bool(((one >= 0) & (one <= 1)).all()) for one in found)


def test_noise_that_neighbours_share_is_taken_away():
    _, flash, truth = (tensor(one) for one in pair(data.coffee()[100:180, 200:280], 0.0))
    white = noisy(torch.zeros_like(truth) + 0.5, 0.2) - 0.5
    y = (truth + torch.nn.functional.avg_pool2d(white, 3, 1, 1)).clamp(0, 1)
    *_, found = joint.estimates(y, flash, Shared(correlated.covariances(y), 3), 2, 4)
    assert psnr(found, truth) > psnr(y, truth) + 5


def test_it_goes_on_from_what_is_reached():
    y, guide, law = torch.rand(1, 3, 24, 24), torch.rand(1, 3, 24, 24), White(Noise(0.1), 3)
    first, second = joint.estimates(y, guide, law, 2, 3)
    (again,) = joint.estimates(y, guide, law, 2, 3, reached=(1, first))
    assert torch.equal(second, again)
