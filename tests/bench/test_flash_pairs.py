import numpy as np

from dipcli.bench.flash import pair


def gray(value, size=64):
    return np.full((size, size, 3), value, np.uint8)


def test_the_same_seed_gives_the_same_pair():
    one, same, other = (pair(gray(128), 12.0, seed=seed) for seed in (0, 0, 1))
    assert all(np.array_equal(a, b) for a, b in zip(one, same, strict=True))
    assert not np.array_equal(one[0], other[0])


def test_the_ambient_picture_is_darker_and_warmer_than_the_one_with_flash():
    ambient, lit, truth = (one.astype(float) for one in pair(gray(200), 10.0))
    assert truth.mean() < 0.6 * lit.mean()
    warmth = [one[..., 0].mean() / one[..., 2].mean() for one in (ambient, lit)]
    assert warmth[0] > 1.5 and warmth[1] < 1


def test_the_noise_follows_the_light_and_has_the_strength():
    level = round(0.2 * 255 / 0.45)
    ambient, _, truth = (one.astype(float) for one in pair(gray(level, 192), 12.0))
    noise = (ambient - truth)[..., 1][truth[..., 1] > 40]
    assert 9 < noise.std() < 15
    bright, _, true = (one.astype(float) for one in pair(gray(255, 192), 12.0))
    assert (bright - true)[..., 0].std() > (bright - true)[..., 2].std()


def test_either_picture_has_a_shadow_that_the_other_one_has_not():
    _, lit, truth = (one.astype(float).mean(2) for one in pair(gray(200, 100), 0.0))
    assert lit[42, 62] < 0.6 * lit[20, 62] and truth[42, 62] > 0.9 * truth[20, 62]
    assert truth[90, 10] < 0.7 * truth[20, 10] and lit[90, 10] > 0.8 * lit[20, 10]
