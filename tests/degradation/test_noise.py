import numpy as np
import pytest
import torch

from dipcli.degradation import noise as noises
from dipcli.degradation.noise import Noise


def scene(height=192, width=192):
    y, x = np.mgrid[:height, :width] / height
    red = 0.5 + 0.3 * np.sin(9 * x) * np.cos(7 * y)
    return np.stack([red, 0.2 + 0.6 * y, 0.8 - 0.5 * x * y], axis=2).astype(np.float32)


def observed(picture, std, seed=0):
    noisy = picture + np.random.default_rng(seed).normal(0, 1, picture.shape) * std
    return (np.round(255 * np.clip(noisy, 0, 1)) / 255).astype(np.float32)


@pytest.mark.parametrize("sigma", [5, 10, 25, 50])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_strength_of_white_noise_is_found(sigma, channels):
    picture = observed(scene()[..., :channels], sigma / 255)
    found = noises.estimate(picture)
    assert found.kind == "gaussian"
    assert 255 * found.sigma == pytest.approx(sigma, rel=0.08)


def test_noise_that_follows_the_signal_is_found():
    picture = scene()
    found = noises.estimate(observed(picture, np.sqrt(picture / 30)))
    assert found.kind == "poisson"
    at_half = found.sigma**2 + 0.5 * found.gain
    assert at_half == pytest.approx(0.5 / 30, rel=0.15)


@pytest.mark.parametrize("size", [(1, 1), (4, 40), (9, 9)])
def test_a_tiny_picture_is_taken_as_clean(size):
    assert noises.estimate(np.full((*size, 3), 0.5, np.float32)).clean


@pytest.mark.parametrize("kind", ["white", "gaussian", "poisson", "photo"])
def test_a_flat_picture_has_no_visible_noise(kind):
    found = noises.estimate(np.full((40, 40, 1), 0.5, np.float32), kind)
    assert found.sigma < 1e-3
    assert found.gain < 1e-6


@pytest.mark.parametrize("noise", [Noise(0.1), Noise(0.2), Noise(0.02, 1 / 30, "poisson")])
@pytest.mark.parametrize("x", [0.0, 0.1, 0.5, 0.95])
def test_the_moments_of_clipped_noise(noise, x):
    std = np.sqrt(noise.sigma**2 + noise.gain * x)
    drawn = np.clip(x + np.random.default_rng(1).normal(0, std, 400_000), 0, 1)
    grid, mean, variance = noise.table()
    at = int(torch.argmin((grid - x).abs()))
    assert float(mean[at]) == pytest.approx(drawn.mean(), abs=2e-3)
    assert float(variance[at]) == pytest.approx(drawn.var(), rel=0.03)
    back = noise.unclipped(mean[at : at + 1].float())
    assert float(back) == pytest.approx(x, abs=2e-3)
