import pytest
import torch
from torch.nn import functional as F

from dipcli.degradation.photo import Light
from dipcli.patches import correlated
from dipcli.patches.correlated import (
    combined,
    covariance,
    covariances,
    estimates,
    excess,
    fineness,
    steadied,
)
from dipcli.patches.filter import halved


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


def test_covariance_is_that_of_the_noise():
    """Of its shape, and about as strong, although the flattest blocks have the least of it."""
    noise = correlated_noise(256, 0.05)
    (gain, floor, *_), *levels, _ = covariances(0.5 + noise)
    even = Light(float(gain), float(floor)).evened(0.5 + noise)
    for found, level in zip(levels, (even, halved(even)), strict=True):
        truth = covariance(level - even.mean(), 4)
        alike = (found * truth).sum() / (found.norm() * truth.norm())
        assert alike > 0.75
        assert 0.7 < found.trace() / truth.trace() < 1.5
        assert torch.allclose(found, found.t())


def test_covariance_does_not_take_texture_for_noise():
    """A tenth of the picture is flat; everywhere else texture is five times as strong as noise."""
    noise = correlated_noise(256, 0.02)
    texture = F.avg_pool2d(correlated_noise(258, 0.2, seed=1), 3, 1)
    texture[..., :80, :80] = 0
    alone, found = covariances(0.5 + noise)[1], covariances(0.5 + texture + noise)[1]
    assert 0.7 < found.trace() / alone.trace() < 1.6


def test_noise_left_by_smoothing_is_stronger_than_it_looks():
    coarse = F.avg_pool2d(correlated_noise(256, 0.05), 5, 1)
    assert fineness(torch.eye(48), 4) == pytest.approx(1, abs=1e-4)
    assert fineness(covariance(coarse, 4), 4) < 0.2
    assert excess(fine=1.0, busy=2.0) == 1
    assert excess(fine=0.1, busy=2.0) == excess(fine=1.0, busy=1.1) == 3


def test_it_beats_the_picture_and_each_pass_is_finite():
    truth = scene(128)
    y = (truth + correlated_noise(128, 0.04)).clamp(0, 1)
    results = list(estimates(y, covariances(y), 4, 4))
    assert len(results) == 4
    assert psnr(results[-1], truth) > psnr(y, truth) + 4
    assert all(result.isfinite().all() for result in results)


def test_going_on_gives_the_same():
    y = (scene(64) + correlated_noise(64, 0.04)).clamp(0, 1)
    noise = covariances(y)
    one, two, three, four = estimates(y, noise, 4, 4)
    assert torch.equal(next(estimates(y, noise, 4, 4, (2, two))), three)
    assert torch.equal(next(estimates(y, noise, 4, 4, (3, three))), four)
    assert [e.shape for e in estimates(y, noise, 4, 4, (1, one))] == [y.shape] * 3


@pytest.mark.parametrize(("side", "told"), [(40, 0), (63, 0), (64, 4), (512, 4)])
def test_small_pictures_do_not_tell_their_noise(side, told):
    assert len(covariances(0.3 + 0.4 * torch.rand(1, 3, side, side))) == told


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_black_and_white_tell_nothing(value):
    assert covariances(torch.full((1, 3, 96, 96), value)) == ()


def test_a_picture_without_noise_stays_as_it_is():
    y = scene(128)
    *_, last = estimates(y, covariances(y), 3, 4)
    assert (last - y).abs().max() < 1 / 255


def test_without_noise_a_group_stays_as_it_is():
    Y = torch.randn(2, 60, 48, generator=torch.Generator().manual_seed(0))
    S = 1e-7 * torch.eye(48)
    for pilot in (None, Y):
        estimate, left = combined(S, pilot, Y, Y[..., :1], 48)
        assert torch.allclose(estimate, Y, atol=1e-3)
        assert torch.allclose(left, torch.ones_like(left), atol=1e-3)


def test_with_much_noise_a_group_becomes_its_mean():
    Y = torch.randn(2, 60, 48, generator=torch.Generator().manual_seed(0))
    estimate, left = combined(1e6 * torch.eye(48), Y, Y, Y[..., :1], 48)
    assert estimate.abs().max() < 1e-4
    assert left.max() < 1e-4


def test_gray_pictures_too():
    y = (scene(128) + correlated_noise(128, 0.04))[:, :1].clamp(0, 1)
    assert [S.shape for S in covariances(y)[1:]] == [(49, 49), (49, 49), (100, 100)]
    *_, last = estimates(y, covariances(y), 2, 4)
    assert psnr(last, scene(128)[:, :1]) > psnr(y, scene(128)[:, :1]) + 3


def test_a_pilot_is_steadied_at_half_and_at_a_quarter_of_its_size(monkeypatch):
    sizes = []

    def looking(z, pilot, *rest):
        sizes.append(tuple(z.shape[-2:]))
        return pilot

    monkeypatch.setattr(correlated, "second_pass", looking)
    z, S = scene(64), torch.eye(48)
    assert torch.allclose(steadied(z, z, S, S, 1.5, 4), z)
    assert sizes == [(32, 32), (16, 16)]
