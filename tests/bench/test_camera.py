import numpy as np
import pytest

from dipcli.bench.camera import demosaicked, gamma, linear, mosaic, noisy, photograph


def gray(value, size=64):
    return np.full((size, size, 3), value, np.uint8)


def test_the_same_seed_gives_the_same_picture():
    one, same, other = (photograph(gray(118), 12.0, seed=seed) for seed in (0, 0, 1))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_without_noise_and_compression_a_smooth_picture_stays():
    ramp = np.linspace(20, 230, 64).round().astype(np.uint8)
    clean = np.broadcast_to(ramp[:, None, None], (64, 64, 3))
    photo = photograph(clean, 0.0, quality=None)
    assert np.abs(photo[4:-4].astype(int) - clean[4:-4]).max() <= 2


@pytest.mark.parametrize("strength", [5.0, 12.0, 25.0])
def test_strength_is_that_of_a_middle_gray(strength):
    photo = photograph(gray(118, 128), strength, quality=None)
    assert 0.7 * strength < photo.std() < 1.6 * strength


def test_neighbours_and_channels_share_the_noise():
    noise = photograph(gray(118, 128), 10.0).astype(float)
    noise -= noise.mean((0, 1))
    beside = np.corrcoef(noise[:, 1:, 1].ravel(), noise[:, :-1, 1].ravel())[0, 1]
    across = np.corrcoef(noise[..., 0].ravel(), noise[..., 1].ravel())[0, 1]
    assert beside > 0.2
    assert abs(across) > 0.05


def test_demosaicking_keeps_what_is_linear():
    """In both directions and in all colours, away from the border."""
    rows, columns = np.indices((16, 16))
    scene = np.stack([0.2 + 0.01 * rows, 0.3 + 0.02 * columns, 0.5 - 0.01 * rows], -1)
    found = demosaicked(mosaic(scene))
    assert np.allclose(found[3:-3, 3:-3], scene[3:-3, 3:-3])


def test_gamma_and_linear_are_inverse():
    x = np.linspace(0, 1, 256)
    assert np.allclose(gamma(linear(x)), x, atol=1e-6)


def test_a_tenth_of_the_noise_of_a_middle_gray_is_there_in_the_dark():
    dark, middle, bright = (
        noisy(np.full((200, 200), light), 12.0, np.random.default_rng(0)).var()
        for light in (0.0, 0.18, 0.54)
    )
    assert dark / middle == pytest.approx(0.1, rel=0.05)
    assert bright / middle == pytest.approx(0.1 + 3 * 0.9, rel=0.05)
