import numpy as np
import pytest

from dipcli.degradation.beneath import noise


def scene(side=128):
    y, x = np.mgrid[:side, :side] / side
    return (0.5 + 0.3 * np.sin(9 * x) * np.cos(7 * y))[..., None].astype(np.float32)


@pytest.mark.parametrize("share", (0.1, 0.5))
def test_the_noise_of_what_was_not_filled_is_found(share):
    generator = np.random.default_rng(3)
    clean = scene()
    mask = generator.random(clean.shape) < share
    noisy = clean + generator.normal(0, 20 / 255, clean.shape).astype(np.float32)
    found = noise(np.where(mask, clean, noisy), mask)
    assert 255 * found.sigma == pytest.approx(20, rel=0.1)


def test_a_clean_filling_has_none():
    mask = np.random.default_rng(3).random((128, 128, 1)) < 0.3
    assert noise(scene(), mask).clean


def test_where_all_was_filled_nothing_tells():
    assert noise(scene(), np.ones((128, 128, 1), bool)).clean
