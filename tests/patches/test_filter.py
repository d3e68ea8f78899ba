import pytest
import torch

from dipcli.degradation.noise import Noise
from dipcli.patches import tiles
from dipcli.patches.filter import estimates, guided_pass, halved, schedule
from dipcli.patches.groups import even_ridge, ridge, ridge_bayes_mean
from dipcli.patches.passes import Pass, collaborate


def psnr(a, b):
    return float(-10 * torch.log10((a - b).square().mean()))


def stripes(height=48, width=56, channels=3):
    x = torch.linspace(0, 25, width).expand(height, width)
    picture = 0.5 + 0.3 * torch.sin(x)[None, None] * torch.linspace(0.5, 1, height)[:, None]
    return picture.expand(1, channels, height, width).contiguous()


def noisy(picture, sigma, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return (picture + sigma * torch.randn(picture.shape, generator=generator)).clamp(0, 1)


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_each_pass_takes_noise_off_what_repeats(channels):
    truth = stripes(channels=channels)
    y = noisy(truth, 0.1)
    passes, _ = schedule(3, channels, stride=3)
    quality = [psnr(estimate, truth) for estimate in estimates(y, Noise(0.1), passes)]
    assert quality[0] > psnr(y, truth) + 6
    assert quality[-1] > quality[0]


@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_a_flat_colour_loses_nearly_all_of_its_noise(scale):
    truth = scale * torch.tensor([0.47, 0.16, 0.78]).view(1, 3, 1, 1).expand(1, 3, 64, 64)
    generator = torch.Generator().manual_seed(2)
    y = truth + 0.04 * torch.randn(truth.shape, generator=generator)
    *_, last = estimates(y, Noise(0.04), schedule(3, 3, stride=4)[0])
    assert psnr(last, truth) > psnr(y, truth) + 15


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (5, 3), (17, 31)])
def test_any_size(size):
    y = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(1))
    *_, last = estimates(y, Noise(0.1), schedule(2, 3, stride=4)[0])
    assert last.shape == y.shape
    assert torch.isfinite(last).all()


def test_without_noise_nothing_is_taken_off():
    y = stripes()
    out = collaborate(y, y, torch.zeros_like(y), Pass(4, 16, 6, 3))
    assert torch.allclose(out, y, atol=5e-3)


def test_patches_all_alike_are_no_trouble():
    flat = torch.full((1, 3, 30, 30), 0.25)
    for pilot in (None, flat):
        out = collaborate(flat, pilot, torch.full_like(flat, 0.01), Pass(4, 32, 6, 3))
        assert torch.allclose(out, flat, atol=1e-3)


def test_three_passes_in_turn_then_others_of_other_patches_beside_one_another():
    for channels in (1, 2, 3, 4):
        chain, beside = schedule(6, channels, 3)
        assert [wanted.combine for wanted in chain] == [ridge, even_ridge, ridge_bayes_mean]
        assert [wanted.compact for wanted in chain] == [False, *[channels > 2] * 2]
        assert len({wanted.patch for wanted in beside}) == 3
        assert beside[0].patch == chain[-1].patch
        assert beside[0].group > chain[-1].group
        assert all(wanted.stride <= wanted.patch for wanted in beside)  # no value is left out
        assert schedule(1, channels, 3)[0][0].patch == chain[1].patch + 2
        for count in range(9):
            chain, beside = schedule(count, channels, 3)
            assert len(chain) + len(beside) == count
            assert len(beside) == min(3, max(0, count - 3))


def test_colours_are_filtered_apart_and_come_back():
    truth = stripes()
    truth[:, 1] *= 0.5
    y = noisy(truth, 0.1)
    out = guided_pass(y, truth, Noise(0.1), Pass(8, 64, 12, 4, apart=True))
    assert psnr(out, truth) > psnr(y, truth) + 8
    unchanged = collaborate(y, y, torch.zeros_like(y), Pass(4, 16, 6, 3, apart=True))
    assert torch.allclose(unchanged, y, atol=5e-3)


def test_an_odd_edge_is_its_own_mean_when_halved():
    image = torch.arange(15.0).view(1, 1, 3, 5)
    assert halved(image)[0, 0].tolist() == [[3.0, 5.0, 6.5], [10.5, 12.5, 14.0]]


def test_tiles_are_invisible(monkeypatch):
    """The same groups, whether formed in one tile or in several."""
    y, pilot = noisy(stripes(70, 60), 0.05), noisy(stripes(70, 60), 0.01, seed=1)
    wanted = Pass(4, 8, 4, 3)
    one = collaborate(y, pilot, torch.full_like(y, 0.0025), wanted)
    monkeypatch.setattr(tiles, "SIDE", 24)
    several = collaborate(y, pilot, torch.full_like(y, 0.0025), wanted)
    assert torch.allclose(one, several, atol=1e-5)


def test_a_value_that_no_group_reaches_stays_as_it_was():
    y = torch.rand(1, 3, 40, 40, generator=torch.Generator().manual_seed(0))
    estimate = collaborate(y, y, torch.full_like(y, 0.01), Pass(2, 1, radius=2, stride=4))
    assert torch.equal(estimate[..., 2:4, :], y[..., 2:4, :])
    assert estimate.isfinite().all()
