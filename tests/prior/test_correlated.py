import pytest
import torch
from torch.nn import functional as F

from dipcli.prior import correlated
from dipcli.prior.correlated import combined, covariance, covariances, estimates


def correlated_noise(size, sigma, seed=0):
    """Gaussian noise that neighbours and channels share, of standard deviation sigma."""
    noise = torch.randn(1, 3, size + 2, size + 2, generator=torch.Generator().manual_seed(seed))
    noise = F.avg_pool2d(noise, 3, 1) + F.avg_pool2d(noise.mean(1, keepdim=True), 3, 1)
    return sigma * noise / noise.std()


def scene(size):
    """Flat parts and stripes."""
    x = torch.linspace(0, 40, size).expand(size, size)
    stripes = 0.5 + 0.3 * torch.sin(x)
    flat = torch.full((size, size), 0.4)
    return torch.where(x.t() > 20, stripes, flat).expand(1, 3, size, size).contiguous()


def psnr(a, b):
    return float(-10 * torch.log10((a - b).square().mean()))


def test_covariance_has_the_shape_of_the_noise():
    """And less of its strength, since the flattest blocks are those with the least of it."""
    noise = correlated_noise(256, 0.05)
    patches = F.unfold(noise, 4)[0].t()
    truth = patches.t() @ patches / len(patches)
    found = covariance(0.5 + noise)
    alike = (found * truth).sum() / (found.norm() * truth.norm())
    assert alike > 0.95
    assert 0.5 < found.trace() / truth.trace() < 1
    assert torch.allclose(found, found.t())


def test_it_beats_the_picture_and_each_pass_is_finite():
    truth = scene(128)
    y = (truth + correlated_noise(128, 0.04)).clamp(0, 1)
    results = list(estimates(y, covariances(y), 3, 4))
    assert len(results) == 3
    assert psnr(results[-1], truth) > psnr(y, truth) + 4
    assert all(result.isfinite().all() for result in results)


def test_going_on_gives_the_same():
    y = (scene(64) + correlated_noise(64, 0.04)).clamp(0, 1)
    noise = covariances(y)
    one, two, three = estimates(y, noise, 3, 4)
    assert torch.equal(next(estimates(y, noise, 3, 4, (2, two))), three)
    assert [e.shape for e in estimates(y, noise, 3, 4, (1, one))] == [y.shape] * 2


@pytest.mark.parametrize(("side", "levels"), [(40, 0), (64, 1), (128, 2), (512, 2)])
def test_small_pictures_do_not_tell_their_noise(side, levels):
    assert len(covariances(torch.rand(1, 3, side, side))) == levels


def test_without_noise_a_group_stays_as_it_is():
    Y = torch.randn(2, 60, 48, generator=torch.Generator().manual_seed(0))
    S = 1e-7 * torch.eye(48)
    for pilot in (None, Y):
        estimate, left = combined(S, pilot, Y, Y[..., :1])
        assert torch.allclose(estimate, Y, atol=1e-3)
        assert torch.allclose(left, torch.ones_like(left), atol=1e-3)


def test_with_much_noise_a_group_becomes_its_mean():
    Y = torch.randn(2, 60, 48, generator=torch.Generator().manual_seed(0))
    estimate, left = combined(1e6 * torch.eye(48), Y, Y, Y[..., :1])
    assert estimate.abs().max() < 1e-4
    assert left.max() < 1e-4


def test_gray_pictures_too():
    y = (scene(128) + correlated_noise(128, 0.04))[:, :1].clamp(0, 1)
    assert covariance(y).shape == (49, 49)
    *_, last = estimates(y, covariances(y), 2, 4)
    assert psnr(last, scene(128)[:, :1]) > psnr(y, scene(128)[:, :1]) + 3
    assert len(covariances(y)) == correlated.LEVELS
