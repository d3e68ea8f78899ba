import json

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skimage import data
from skimage.util import random_noise

from dipcli.bench.impulse import random_valued, salt_and_pepper
from dipcli.degradation import impulses, outliers, saltpepper
from dipcli.degradation.outliers import unrelated
from dipcli.degradation.scatter import Scatter


def unit(picture):
    picture = picture if picture.ndim == 3 else picture[..., None]
    return picture.astype(np.float32) / np.float32(255)


def crop(name, side=160, at=(150, 130)):
    picture = getattr(data, name)()
    return np.ascontiguousarray(picture[at[0] : at[0] + side, at[1] : at[1] + side])


def noisy(picture, sigma):
    drawn = picture + np.random.default_rng(3).normal(0, sigma, picture.shape)
    return np.round(np.clip(drawn, 0, 255)).astype(np.uint8)


def missed_and_false(found, observed, clean):
    """Of the squared damage, what is left of it; of all values, those wrongly found."""
    damage = np.square(unit(observed) - unit(clean))
    return damage[~found.mask].sum() / damage.sum(), (found.mask & (damage == 0)).mean()


PHOTOGRAPHS = ("astronaut", "coffee", "camera", "brick", "grass", "gravel", "coins", "moon")


@pytest.mark.parametrize("name", ("astronaut", "camera", "gravel"))
@pytest.mark.parametrize("share", (0.02, 0.2, 0.7))
def test_salt_and_pepper_is_found(name, share):
    clean = crop(name)
    observed = salt_and_pepper(clean, share)
    found = impulses.find(unit(observed))
    assert found.kind == "salt and pepper"
    missed, false = missed_and_false(found, observed, clean)
    assert missed < 0.01
    assert false < 0.05
    assert (found.mask == found.mask[..., :1]).all()


def test_channels_hit_apart_are_found_apart():
    clean = crop("coffee")
    observed = random_noise(clean, mode="s&p", amount=0.1, rng=0)
    found = impulses.find(observed.astype(np.float32))
    assert found.kind == "salt and pepper"
    assert found.share == pytest.approx(0.1, abs=0.01)
    assert not (found.mask == found.mask[..., :1]).all()


@pytest.mark.parametrize("name", ("astronaut", "camera", "gravel"))
@pytest.mark.parametrize("mode", ("salt", "pepper"))
@pytest.mark.parametrize("share", (0.05, 0.2, 0.5))
def test_salt_or_pepper_alone_is_found(name, mode, share):
    clean = crop(name)
    observed = np.round(255 * random_noise(clean, mode=mode, amount=share, rng=0))
    found = impulses.find(unit(observed))
    assert list(found.evidence) == [mode]
    missed, false = missed_and_false(found, observed, clean)
    assert missed < 0.01
    assert false < 0.05


@pytest.mark.parametrize("sigma", (10, 25))
def test_noise_beneath_salt_and_pepper_is_no_impulse(sigma):
    clean = noisy(crop("gravel"), sigma)
    observed = salt_and_pepper(clean, 0.1)
    found = impulses.find(unit(observed))
    assert found.kind == "salt and pepper"
    assert found.share == pytest.approx(0.1, abs=0.015)


@pytest.mark.parametrize("name", ("coffee", "camera", "grass"))
@pytest.mark.parametrize("sigma", (0, 10))
def test_impulses_of_any_value_are_found(name, sigma):
    clean = noisy(crop(name), sigma)
    observed = random_valued(clean, 0.2)
    found = impulses.find(unit(observed))
    assert found.kind == "random"
    missed, false = missed_and_false(found, observed, clean)
    assert missed < 0.15
    assert false < 0.07


def test_channels_hit_apart_by_any_value_are_found_apart():
    clean = crop("coffee")
    generator = np.random.default_rng(11)
    hit = generator.random(clean.shape) < 0.1
    observed = np.where(hit, generator.integers(0, 256, clean.shape), clean)
    found = impulses.find(unit(observed))
    assert found.kind == "random"
    assert found.share == pytest.approx(0.1, abs=0.03)


@pytest.mark.parametrize("share", (0.1, 0.5))
def test_noise_after_salt_and_pepper_hides_it_not(share):
    observed = noisy(salt_and_pepper(crop("gravel"), share), 10)
    found = impulses.find(unit(observed))
    assert found.share == pytest.approx(share, rel=0.2)


@pytest.mark.parametrize("name", ("astronaut", "coffee", "camera"))
@pytest.mark.parametrize("apart", (False, True))
def test_noise_after_salt_and_pepper_is_told_from_it(name, apart):
    """Of the damage by impulses at most a hundredth is missed, of other values few are taken."""
    clean, rng = crop(name, 96), np.random.default_rng(5)
    shape = clean.shape if apart else clean.shape[:2] + (1,) * (clean.ndim - 2)
    hit = np.broadcast_to(rng.random(shape) < 0.2, clean.shape)
    value = np.broadcast_to(255 * (rng.random(shape) < 0.5), clean.shape)
    observed = noisy(np.where(hit, value, clean), 10)
    mask = impulses.find(unit(observed)).mask.reshape(clean.shape)
    damage = np.square(clean.astype(float) - value)
    assert damage[hit & ~mask].sum() < 0.01 * damage[hit].sum()
    assert (mask & ~hit).mean() < 0.02


@pytest.mark.parametrize("name", PHOTOGRAPHS)
@pytest.mark.parametrize("sigma", (0, 10, 50, 100))
def test_a_photograph_has_none(name, sigma):
    assert not impulses.find(unit(noisy(crop(name), sigma)))


def test_few_photons_are_none():
    photons = np.random.default_rng(0).poisson(crop("astronaut") / 255 * 3) / 3
    assert not impulses.find(unit(np.round(255 * np.clip(photons, 0, 1))))


def drawings():
    random = np.random.default_rng(0)
    y, x = np.mgrid[:128, :128]
    sky = np.where(random.random((128, 128)) < 0.01, 255, 0)
    lattice = np.full((128, 128), 128)
    lattice[4::8, 4::8], lattice[::8, ::8] = 255, 0
    threshold = random.random((160, 160))
    yield "one colour", np.full((64, 64, 3), 77)
    yield "checkerboard", (x + y) % 2 * 255
    yield "stars", sky
    yield "dim stars", sky * random.random((128, 128))
    yield "lattice", lattice
    yield "dithered", (crop("camera") / 255 > threshold) * 255
    yield "dithered to four levels", np.floor(crop("camera") / 255 * 3 + threshold) * 85
    yield "letters", data.page()[:128, :128]
    yield "noise alone", random.integers(0, 256, (128, 128, 3))


@pytest.mark.parametrize("picture", [pytest.param(p, id=n) for n, p in drawings()])
def test_what_is_drawn_has_none(picture):
    found = impulses.find(unit(np.asarray(picture)))
    assert not found
    assert not found.mask.any()
    assert found.share == 0


def test_the_evidence_is_plain_json():
    found = impulses.find(unit(salt_and_pepper(crop("moon"), 0.1)))
    assert json.loads(json.dumps(found.evidence)) == found.evidence
    assert set(found.evidence) == {"salt", "pepper"}


def test_a_picture_too_small_to_tell_has_none():
    assert not impulses.find(unit(salt_and_pepper(crop("moon", side=16), 0.2)))


@pytest.mark.parametrize("degrade", (salt_and_pepper, random_valued))
def test_the_benchmark_hits_whole_pixels_the_same_each_time(degrade):
    clean = np.full((64, 64, 3), 100, np.uint8)
    observed = degrade(clean, 0.2)
    assert (observed == degrade(clean, 0.2)).all()
    assert (observed != clean).any(2).mean() == pytest.approx(0.2, abs=0.02)
    assert (degrade(clean[..., 0], 0.2) != 100).mean() == pytest.approx(0.2, abs=0.02)


@pytest.mark.parametrize(("correlation", "are"), [(0.06, True), (0.075, True), (0.097, False)])
def test_impulses_of_any_value_are_correlated_less_than_letters(correlation, are):
    far = Scatter(1000, 1_000_000, 1.0, 9, correlation)
    assert unrelated(far) is are
    few = Scatter(10, 1000, 1.0, 9, correlation)
    assert unrelated(few), "by chance on few places"


def stuck(picture, count, values=(255,), whole=True):
    generator = np.random.default_rng(5)
    observed, (height, width, *_) = picture.copy(), picture.shape
    places = np.unravel_index(generator.permutation(height * width)[:count], (height, width))
    for n, place in enumerate(zip(*places, strict=True)):
        observed[place if whole or picture.ndim == 2 else (*place, n % 3)] = values[n % len(values)]
    return observed, unit(observed) != unit(picture)


def night(name, sigma):
    dark = np.round(127 * unit(crop(name)) ** 1.5).astype(np.uint8)
    return noisy(dark if dark.shape[2] == 3 else dark[..., 0], sigma)


@pytest.mark.parametrize("name", ("astronaut", "camera", "coffee"))
@pytest.mark.parametrize("sigma", (0, 5, 15))
@pytest.mark.parametrize("whole", (True, False))
def test_hot_pixels_at_night_are_found(name, sigma, whole):
    observed, hit = stuck(night(name, sigma), 40, (255, 250, 235), whole)
    found = impulses.find(unit(observed))
    assert found.kind == "stuck"
    assert (found.mask & hit).sum() > 0.85 * hit.sum()
    assert (found.mask & ~hit).sum() <= 0.05 * hit.sum()


@pytest.mark.parametrize("name", ("brick", "coins", "moon"))
def test_dead_pixels_by_day_are_found(name):
    observed, hit = stuck(np.clip(crop(name), 40, 255), 40, (0, 6))
    found = impulses.find(unit(observed))
    assert found.kind == "stuck"
    assert (found.mask & hit).sum() > 0.7 * hit.sum()
    assert not (found.mask & ~hit).any()


def test_three_hot_pixels_are_too_few_to_be_sure():
    assert not impulses.find(unit(stuck(night("astronaut", 5), 3)[0]))


@pytest.mark.parametrize("blur", (0.4, 0.7))
def test_what_went_through_the_optics_is_not_stuck(blur):
    stars = stuck(np.zeros_like(night("astronaut", 0)), 60)[0]
    stars = 3.0 * gaussian_filter(stars.astype(np.float32), (blur, blur, 0))
    assert not impulses.find(unit(np.clip(night("astronaut", 3) + np.round(stars), 0, 255)))


def skies():
    random = np.random.default_rng(4)
    dusk = np.linspace(5, 90, 200)[:, None] + random.normal(0, 2, (200, 200))
    dots = random.random(dusk.shape) < 0.002
    yield "stars of all strengths", np.where(dots, 255 * random.random(dusk.shape), dusk)
    upper = dots & (np.arange(200) < 70)[:, None]
    yield "white stars above a landscape", np.where(upper, 255, dusk)
    yield "white stars on one sky", np.where(dots, 255, random.normal(20, 3, dusk.shape))
    flat = np.repeat(np.repeat(random.integers(20, 120, (8, 8)), 25, 0), 25, 1)
    yield "white dots on flat colours", np.where(dots, 255, flat)


@pytest.mark.parametrize("sky", [pytest.param(s, id=n) for n, s in skies()])
def test_dots_that_are_drawn_are_not_stuck(sky):
    assert not impulses.find(unit(np.round(np.clip(sky, 0, 255))))


@pytest.mark.parametrize("height", [7, 8, 20])
def test_neighbours_some_rows_at_a_time_are_those_of_the_whole(height, monkeypatch):
    monkeypatch.setattr(outliers, "ROWS", 7)
    y = np.random.default_rng(0).random((height, 9, 3), np.float32)
    rows, parts = zip(*outliers.by_rows(y), strict=True)
    assert [row.start for row in rows] == list(range(0, height, 7)) and rows[-1].stop == height
    assert np.array_equal(np.concatenate(parts, 1), outliers.neighbours(y))


@pytest.fixture
def seen_sizes(monkeypatch):
    """Pictures of 160x160 are large ones; how many rows are looked at each time."""
    monkeypatch.setattr(saltpepper, "MOST_PIXELS", 8000)
    monkeypatch.setattr(saltpepper, "BAND", 16)
    rows, decided = [], saltpepper.decided
    monkeypatch.setattr(saltpepper, "decided", lambda y: rows.append(len(y)) or decided(y))
    return rows


def test_a_large_picture_without_impulses_is_looked_at_in_bands_alone(seen_sizes):
    assert not impulses.find(unit(crop("astronaut")))
    assert seen_sizes == [64]  # 16 rows of each 48, the last band whole


def test_impulses_of_a_large_picture_are_those_that_all_of_it_shows(seen_sizes, monkeypatch):
    observed = unit(salt_and_pepper(crop("astronaut"), 0.1, 0))
    found = impulses.find(observed)
    assert seen_sizes == [64, 160]
    monkeypatch.setattr(saltpepper, "MOST_PIXELS", 10**9)
    assert np.array_equal(found.mask, impulses.find(observed).mask)
    assert found.mask.mean() > 0.09
