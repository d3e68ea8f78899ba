import pytest
import torch

from dipcli.degradation.channels import Channels, channels_of, weights
from dipcli.degradation.photo import Light, from_light, light_of, to_light

TRUE = Channels(Light(1e-2, 1e-4), 0.4, (2e-2, 1e-2, 2e-2), (1e-4, 1e-4, 1e-4))


def squares(side=24, count=6, seed=0):
    """Squares of one colour each, a third of them without blue."""
    colours = torch.rand(1, 3, count, count, generator=torch.Generator().manual_seed(seed))
    colours = 0.25 + 0.6 * colours
    colours[:, 2, ::3] = 0.04
    return colours.repeat_interleave(side, 2).repeat_interleave(side, 3)


def photographed(x, channels, seed=0):
    """The picture x with noise in linear light, clipped."""
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(seed))
    return from_light((to_light(x) + noise * channels.variance(x).sqrt()).clamp(0, 1))


def means(z, side=24):
    """Of the squares."""
    return torch.nn.functional.avg_pool2d(z, side)


def test_what_was_lost_by_clipping_beside_bright_channels_is_given_back():
    """The mean of each square leads back to its colour, of which light alone knows half."""
    x = squares()
    y = photographed(x, TRUE)
    light = light_of(y)
    found = channels_of(y, light)
    truth, z = means(x), means(light.evened(y))
    dark = truth < 0.05
    alone = (light.restored(z) - truth)[dark].mean()
    assert alone > 0.045  # faded
    assert (found.restored(z) - truth)[dark].mean().abs() < 0.6 * alone
    assert (found.restored(z) - truth)[~dark].abs().mean() < 0.02


def test_the_noise_of_each_channel_is_found():
    x = squares()
    y = photographed(x, TRUE)
    found = channels_of(y, light_of(y))
    ratio = found.variance(means(x)) / TRUE.variance(means(x))
    assert torch.all(ratio.mean((0, 2, 3)).log().abs() < 0.4)


def test_there_and_back():
    x = squares()
    error = (TRUE.restored(TRUE.expected(x)) - x).abs()
    assert error.mean() < 3e-3
    assert error.max() < 0.03


def test_light_of_its_own_alone_is_the_law_of_each_channel():
    light = Light(1e-2, 1e-3)
    x = torch.linspace(0.05, 0.95, 60).expand(1, 3, 4, 60).contiguous()
    same = Channels(light, 1.0, (light.gain,) * 3, (light.floor,) * 3)
    assert torch.allclose(same.expected(x), light.expected(x), atol=2e-3)
    assert same.evened(x) == pytest.approx(light.evened(x))


def test_values_with_stronger_noise_than_usual_are_weakened():
    """Until it is as strong as told; others stay."""
    x = squares()
    z = TRUE.evened(photographed(x, TRUE))
    noise = z - means(z).repeat_interleave(24, 2).repeat_interleave(24, 3)
    usual = noise[:, 2].square().mean() / 4
    weakened = noise * weights(TRUE, x, usual * torch.eye(48))
    strength = weakened[:, 2].square().mean().sqrt() / usual.sqrt()
    assert 0.8 < strength < 1.25
    assert torch.equal(weights(TRUE, x, torch.eye(48)), torch.ones_like(x))
    assert weights(TRUE.light, x, usual * torch.eye(48)) == 1
