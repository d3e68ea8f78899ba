"""Strength, detail and protection: exact at their ends, monotone between them."""

import numpy as np
import pytest

import dipcli
from dipcli.errors import MaskError, UsageError
from dipcli.tasks.controls import AS_RESTORED, ControlOptions
from dipcli.tasks.mixing import LUMA, mixed, softened, structure

RNG = np.random.default_rng(0)
DTYPES = [np.uint8, np.uint16, np.float32]
TINY = {"preset": "fast", "device": "cpu"}


def controls(strength=(1.0, 1.0), detail=0.0):
    return ControlOptions(strength=strength, detail=detail)


def pair(dtype=np.uint8, shape=(40, 48, 3)):
    """An observation and what is left of it, of any dtype."""
    y = RNG.random(shape)
    x = 0.5 * y + 0.25 * RNG.random(shape)
    if dtype == np.float32:
        return y.astype(dtype), x.astype(dtype)
    top = np.iinfo(dtype).max
    return np.rint(y * top).astype(dtype), np.rint(x * top).astype(dtype)


def distance(a, b) -> float:
    return float(np.square(a.astype(np.float64) - b).sum())


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(40, 48, 3), (40, 48, 1), (40, 48), (1, 1, 3), (40, 48, 2)])
def test_the_ends_are_exact(dtype, shape):
    y, x = pair(dtype, shape)
    assert np.array_equal(mixed(y, x, AS_RESTORED), x)
    for detail in (0.0, 1.0):
        none = mixed(y, x, controls((0.0, 0.0), detail))
        assert none.dtype == dtype
        assert none.shape == y.shape
        assert np.array_equal(none, y)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(40, 48, 3), (40, 48)])
def test_the_distance_from_the_input_grows_with_strength(dtype, shape):
    y, x = pair(dtype, shape)
    found = [distance(mixed(y, x, controls((s, s))), y) for s in np.linspace(0, 1, 6)]
    assert found == sorted(found)
    assert found[0] == 0
    assert len(set(found)) == 6


def test_luma_and_chroma_have_their_own_strength():
    y, x = (a * np.float32(0.5) + np.float32(0.25) for a in pair(np.float32))
    chroma = mixed(y, x, controls((0.0, 1.0)))
    luma = mixed(y, x, controls((1.0, 0.0)))
    assert np.allclose(chroma @ LUMA, y @ LUMA, atol=1e-6)
    assert not np.allclose(chroma, y, atol=0.01)
    gray = ((x - y) @ LUMA)[..., None]
    assert np.allclose(luma - y, gray, atol=1e-6)
    for fixed in (0.0, 1.0):
        apart = [(mixed(y, x, controls((s, fixed))) - y) @ LUMA for s in (0, 0.5, 1)]
        assert 0 == np.abs(apart[0]).max().round(6) < distance(apart[1], 0) < distance(apart[2], 0)


def test_gray_uses_the_strength_of_luma():
    y, x = pair(np.uint8, (40, 48))
    assert np.array_equal(mixed(y, x, controls((0.3, 0.9))), mixed(y, x, controls((0.3, 0.3))))


def stripes():
    """Fine stripes in a corner, noise everywhere, and a result that has lost the stripes."""
    rng = np.random.default_rng(1)
    flat = np.full((96, 96, 3), 120.0)
    clean = flat.copy()
    clean[:32, :32] += 25 * np.sign(np.sin(np.arange(32) * 1.6))[None, :, None]
    observed = clean + rng.normal(0, 8, clean.shape)
    return clean, *(np.clip(np.rint(a), 0, 255).astype(np.uint8) for a in (observed, flat))


def test_detail_comes_back_where_it_was_lost_and_only_there():
    clean, y, x = stripes()
    gain = structure(y, x)
    assert gain[4:28, 4:28].mean() > 0.6
    assert gain[48:, 48:].mean() < 0.05
    back = mixed(y, x, controls(detail=1.0))
    corner = np.s_[:32, :32]
    assert distance(back[corner], clean[corner]) < 0.4 * distance(x[corner], clean[corner])
    assert distance(back[48:, 48:], x[48:, 48:]) < 0.02 * distance(y[48:, 48:], x[48:, 48:])


def test_the_distance_from_the_input_falls_with_detail():
    _, y, x = stripes()
    for strength in ((1.0, 1.0), (0.6, 1.0)):
        found = [distance(mixed(y, x, controls(strength, d)), y) for d in (0, 0.25, 0.5, 0.75, 1)]
        assert found == sorted(found, reverse=True)
        assert len(set(found)) == 5


def test_what_is_protected_stays_and_fades():
    y, x = pair()
    mask = np.zeros(y.shape[:2], bool)
    mask[10:20, 12:30] = True
    found = mixed(y, x, AS_RESTORED, mask)
    share = softened(mask)
    assert np.array_equal(found[mask], y[mask])
    assert np.array_equal(found[share == 0], x[share == 0])
    edge = share[15, 30:35]
    assert (np.diff(edge) < 0).all()
    assert 0 < edge[0] < 1
    assert edge[-1] == 0
    assert np.array_equal(mixed(y, x, controls((0.3, 0.3), 0.5), mask)[mask], y[mask])
    assert np.array_equal(mixed(y, x, AS_RESTORED, np.ones_like(mask)), y)
    assert np.array_equal(mixed(y, x, AS_RESTORED, np.zeros_like(mask)), x)


def test_large_pictures_are_mixed_in_bands_without_seams():
    y, x = pair(np.uint8, (600, 8, 3))
    wanted = np.rint(y + 0.5 * (x.astype(float) - y))
    assert np.array_equal(mixed(y, x, controls((0.5, 0.5))), wanted)


@pytest.mark.parametrize("strength", [-0.1, 1.1, float("nan"), (0.5, 2.0), (0.1, 0.2, 0.3)])
def test_a_strength_out_of_range_is_refused(strength):
    with pytest.raises(UsageError, match="strength is"):
        ControlOptions().override(strength=strength)


def test_the_task_and_the_api_take_them(draw):
    image = draw(seed=2)
    image[::2] = np.clip(image[::2].astype(int) + 20, 0, 255)
    full = dipcli.denoise(image, sigma=15, **TINY)
    half = dipcli.denoise(image, sigma=15, strength=0.5, **TINY)
    assert np.array_equal(half.image, mixed(image, full.image, controls((0.5, 0.5))))
    assert half.notes["trust"] == full.notes["trust"]
    assert np.array_equal(dipcli.denoise(image, sigma=15, strength=0, **TINY).image, image)
    mask = np.zeros(image.shape[:2], bool)
    mask[5:15] = True
    kept = dipcli.denoise(image, sigma=15, strength=(0.2, 1), protect=mask, detail=0.5, **TINY)
    assert np.array_equal(kept.image[mask], image[mask])
    with pytest.raises(MaskError, match="protect is"):
        dipcli.tasks.denoise(image, protect=mask[1:])
    with pytest.raises(UsageError, match="detail is 2"):
        dipcli.tasks.denoise(image, detail=2)


def test_protection_fades_over_four_pixels():
    """s s (3 - 2 s) of s = 0.8, 0.6, 0.4, 0.2, and nothing from the fifth pixel on."""
    mask = np.zeros((3, 60), bool)
    mask[:, :20] = True
    expected = [1, 0.896, 0.648, 0.352, 0.104, 0, 0]
    assert softened(mask)[1, 19:26].tolist() == pytest.approx(expected, abs=1e-5)
    assert not softened(mask)[:, 25:].any()
