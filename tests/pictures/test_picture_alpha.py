"""What lies under transparency is seen by no one."""

import numpy as np
import pytest

from dipcli.pictures import enlarge_alpha, fill_transparent

RNG = np.random.default_rng(0)


def test_visible_pixels_stay_and_junk_has_no_influence():
    alpha = (RNG.random((19, 23)) > 0.4).astype(np.float32)
    pixels = RNG.random((19, 23, 3)).astype(np.float32)
    other = np.where(alpha[..., None] > 0, pixels, np.float32(0.123))
    filled = fill_transparent(pixels, alpha)
    assert filled.dtype == np.float32
    assert np.array_equal(filled[alpha > 0], pixels[alpha > 0])
    assert np.array_equal(fill_transparent(other, alpha), filled)


@pytest.mark.parametrize("shape", [(1, 9), (9, 1), (7, 12), (64, 64)])
def test_one_colour_spreads_everywhere(shape):
    alpha = np.zeros(shape, np.float32)
    alpha[0, 0] = 0.5
    pixels = np.zeros((*shape, 3), np.float32)
    pixels[0, 0] = (0.2, 0.4, 0.8)
    filled = fill_transparent(pixels, alpha)
    assert np.allclose(filled, pixels[0, 0], atol=1e-6)


def test_no_edge_where_colour_ends():
    """A visible half on a ramp goes on without a step into the junk beside it."""
    alpha = np.zeros((16, 32), np.float32)
    alpha[:, :16] = 1
    pixels = np.where(alpha[..., None] > 0, np.float32(0.75), np.float32(0))
    pixels = pixels.astype(np.float32)
    steps = np.abs(np.diff(fill_transparent(pixels, alpha), axis=1))
    assert steps.max() < 1e-6


def test_nothing_to_do():
    pixels = np.ones((4, 4, 3), np.float32)
    assert fill_transparent(pixels, np.ones((4, 4), np.float32)) is pixels
    assert fill_transparent(pixels, np.zeros((4, 4), np.float32)) is pixels


def test_alpha_is_enlarged_within_its_range():
    alpha = (RNG.random((5, 7)) > 0.5).astype(np.float32)
    large = enlarge_alpha(alpha, (28, 20))
    assert large.shape == (20, 28)
    assert large.dtype == np.float32
    assert 0 <= large.min() <= large.max() <= 1
    assert np.array_equal(enlarge_alpha(np.ones((3, 3), np.float32), (12, 12)), np.ones((12, 12)))


def test_an_enlarged_ramp_of_alpha_is_a_ramp_without_steps():
    ramp = np.broadcast_to(np.arange(8, dtype=np.float32) / 7, (4, 8))
    large = enlarge_alpha(ramp, (32, 16))
    expected = ((np.arange(32) + 0.5) / 4 - 0.5) / 7
    assert np.abs(large - expected)[:, 8:-8].max() < 1e-5
