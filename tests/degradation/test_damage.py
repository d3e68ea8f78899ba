"""What is told of a picture: drawn and clean ones have no noise, and texture wins ties."""

import io
import math
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter
from skimage import data

from dipcli.bench.camera import photograph
from dipcli.degradation import finest
from dipcli.degradation.cues import TILTED, Cues
from dipcli.degradation.damage import STRONG, examine, white
from dipcli.pictures.coding import standard


def scaled(levels):
    return (levels.reshape(*levels.shape[:2], -1) / 255).astype(np.float32)


def noisy(levels, sigma, seed=0):
    values = levels / 255 + np.random.default_rng(seed).normal(0, sigma / 255, levels.shape)
    return np.round(255 * np.clip(values, 0, 1))


def shared(levels, sigma):
    """Noise as a camera leaves it: smooth over neighbours, in all colours."""
    field = np.random.default_rng(1).normal(0, 1, levels.shape)
    field = gaussian_filter(field, (0.8, 0.8, 0))
    return np.round(np.clip(levels + sigma * field / field.std(), 0, 255))


def page():
    picture = Image.new("RGB", (256, 128), "white")
    ImageDraw.Draw(picture).text((6, 6), "do no harm\n0123456789\nplain letters", fill=(20, 20, 20))
    return picture


def screenshot():
    """A page with a clean photograph in it."""
    picture = page()
    picture.paste(Image.fromarray(data.chelsea()).resize((90, 60)), (120, 50))
    return np.asarray(picture)


Y, X = np.mgrid[:128, :192]
DRAWN = {
    "text": np.asarray(page()),
    "gray text": np.asarray(page().convert("L")),
    "small text, smoothed": np.asarray(page().resize((128, 64), Image.Resampling.LANCZOS)),
    "a screenshot": screenshot(),
    "a checkerboard of pixels": 255 * ((X + Y) % 2),
    "a checkerboard": 255 * ((X // 8 + Y // 8) % 2),
    "a gradient": X,
    "a gradient in colour": np.stack([X, 2 * Y, (X + Y) // 2], -1),
    "one colour": np.full((64, 64, 3), 90),
    "rings": np.round(127 + 127 * np.cos((X**2 + Y**2) / 300)),
    "waves": np.round(127 + 100 * np.sin(X / 3)),
    "pixel art": np.kron(
        np.random.default_rng(0).integers(0, 255, (16, 24, 3)), np.ones((8, 8, 1))
    ),
    "few colours": np.random.default_rng(0).integers(0, 2, (96, 96, 3)) * 200,
    "a thresholded page": 255 * (data.page() > 150),
}


@pytest.mark.parametrize("picture", DRAWN.values(), ids=DRAWN)
def test_a_drawn_picture_is_clean(picture):
    found = examine(scaled(picture))
    assert found.kind == "clean"
    assert found.noise.clean


def reduced(picture):
    height, width = (n // 2 * 2 for n in picture.shape[:2])
    return picture[:height, :width].reshape(height // 2, 2, width // 2, 2, -1).mean((1, 3)).round()


LIMIT = 2.35 / 255  # 40.6 dB from the input
PHOTOGRAPHS = {name: getattr(data, name)() for name in ("chelsea", "coffee", "brick", "grass")}


@pytest.mark.parametrize("name", PHOTOGRAPHS)
@pytest.mark.parametrize("half", [False, True])
def test_a_clean_photograph_may_not_change_much(name, half):
    picture = reduced(PHOTOGRAPHS[name]) if half else PHOTOGRAPHS[name]
    found = examine(scaled(picture))
    assert found.noise.clean or found.limit <= LIMIT


@pytest.mark.parametrize("sigma", [5, 10, 25, 50])
@pytest.mark.parametrize("name", ["chelsea", "coffee", "brick"])
def test_white_noise_is_found_with_its_strength(name, sigma):
    found = examine(scaled(noisy(PHOTOGRAPHS[name], sigma)))
    assert found.kind == "gaussian"
    assert 255 * found.noise.sigma == pytest.approx(sigma, rel=0.1)
    assert found.limit == math.inf


def test_noise_that_follows_the_light_is_found():
    counts = np.random.default_rng(0).poisson(data.chelsea() / 255 * 30)
    found = examine(scaled(np.minimum(counts / 30 * 255, 255).round()))
    assert found.kind == "poisson"
    assert found.noise.sigma**2 + found.noise.gain / 2 == pytest.approx(0.5 / 30, rel=0.15)


@pytest.mark.parametrize("sigma", [8, 15, 30])
def test_noise_that_neighbours_share_is_a_camera_s(sigma):
    found = examine(scaled(shared(data.chelsea()[:240, :240], sigma)))
    assert found.kind == "photo"
    assert found.limit == math.inf


@pytest.mark.parametrize(("strength", "quality"), [(8, None), (12, 90), (18, None), (25, 90)])
def test_camera_noise_that_patches_see_as_strong_is_not_white(strength, quality):
    busy = data.astronaut()[-224:-32, -224:-32]
    observation = scaled(photograph(busy, strength, quality=quality))
    cues = Cues.of(observation)
    assert cues.level < 1.6 * cues.strength or cues.agreement < 1.35  # not told by these
    assert examine(observation).kind.startswith("photo")
    assert cues.tilt > TILTED > 1.5 > Cues.of(scaled(noisy(busy, strength))).tilt


@pytest.mark.parametrize(("strength", "kind"), [(0, "jpeg"), (5, "photo+jpeg")])
def test_weak_camera_noise_in_a_jpeg_shows_in_its_colours(strength, kind):
    observation = scaled(photograph(data.astronaut()[160:352, 160:352], strength))
    assert examine(observation).kind == kind
    assert Cues.of(observation).tinted == (strength > 0)


def test_camera_noise_in_a_fine_jpeg_is_no_fur():
    observation = scaled(photograph(data.astronaut()[160:352, 160:352], 5, quality=95))
    assert Cues.of(observation).colour < STRONG
    assert examine(observation, coding=standard(95)).kind == "photo+jpeg"


def test_weak_noise_may_be_the_grain_of_a_film_and_is_taken_with_care():
    found = examine(scaled(noisy(data.chelsea(), 3)))
    assert found.kind == "gaussian"
    assert found.limit <= LIMIT


@pytest.mark.parametrize("sigma", [0, 2, 5])
def test_texture_wins_where_noise_of_the_same_strength_is_possible(sigma):
    found = examine(scaled(noisy(data.grass(), sigma)))
    assert 255 * dict(found.evidence)["white"] > 5
    assert found.noise.clean


@pytest.mark.parametrize("size", [(1, 1), (4, 40), (31, 31)])
def test_a_tiny_clean_picture_is_clean(size):
    assert examine(np.full((*size, 3), 0.5, np.float32)).noise.clean


def test_what_is_told_is_believed():
    assert examine(scaled(data.chelsea()), "gaussian").kind == "gaussian"
    assert examine(scaled(data.chelsea()), "photo").limit == math.inf


def test_a_large_picture_is_examined_by_a_part_of_its_blocks():
    large = np.tile(scaled(noisy(data.chelsea(), 10)), (6, 6, 1))
    found = examine(large)
    assert 255 * found.noise.sigma == pytest.approx(10, rel=0.1)


def test_noise_beside_hot_pixels_is_found_as_without_them():
    picture = 0.5 * data.coffee()[100:228, 150:278]
    picture += np.random.default_rng(3).normal(0, 10, picture.shape)
    without = np.clip(np.round(picture), 0, 255).astype(np.float32) / 255
    rows, columns = np.random.default_rng(4).integers(0, 128, (2, 30))
    hot = without.copy()
    hot[rows, columns] = 1
    found, expected = examine(hot), examine(without)
    assert found.kind == f"{expected.kind}+impulse"
    assert found.noise.sigma == pytest.approx(expected.noise.sigma, rel=0.05)
    assert not found.bounded


@pytest.mark.parametrize(("quality", "limit"), [(30, math.inf), (80, LIMIT)])
def test_a_picture_that_was_a_good_jpeg_is_nearly_clean(quality, limit):
    file = io.BytesIO()
    Image.fromarray(data.chelsea()[:128, :128]).save(file, "JPEG", quality=quality)
    with Image.open(file) as image:
        levels = np.asarray(image)
    found = examine(scaled(levels))
    assert found.coding is not None
    assert abs(found.coding.quality - quality) <= 3
    assert found.limit == limit
    assert examine(scaled(levels), coding=standard(quality)).limit == math.inf


@pytest.mark.parametrize("share", (0.0, 1.0))
def test_gray_noise_is_gaussian_where_the_picture_has_least_of_its_own(share):
    """Texture with the spectrum of a sharp photograph comes and goes over the picture."""
    rng = np.random.default_rng(2)
    rows, columns = np.mgrid[:96, :96]
    texture = 0.5 + 0.2 * np.sin(rows * columns / 300) * np.sin(columns / 9) ** 2
    fine = rng.normal(0, 1, (96, 96)) * (0.001 + 0.06 * np.sin(rows / 20) ** 4)
    white = share * rng.normal(0, 5 / 255, (96, 96))
    picture = np.clip(texture + (1 - share) * fine + white, 0, 1)[..., None].astype(np.float32)
    assert (finest.kurtosis(picture) < 3.2) == bool(share)
    assert finest.kurtosis(picture[:6]) == np.inf


def test_gaussian_noise_without_a_flat_block_is_taken_but_is_not_sure():
    rng = np.random.default_rng(4)
    picture = (0.5 + rng.normal(0, 5 / 255, (96, 96, 1))).astype(np.float32)
    rough = replace(Cues.of(picture), confirmed=(0.1, 0.1))
    found = white(rough)
    assert found.kind == "gaussian"
    assert found.limit <= LIMIT
    assert white(replace(rough, kurtosis=3.5)).clean
    assert white(replace(rough, agreement=2.5)).clean  # as rough as fingerprints


def test_few_photons_are_as_strong_as_they_are():
    """In the dark, where blocks are flattest, they tell little of noise that follows the light."""
    truth = data.coffee()[:256, :256] / 255
    drawn = np.random.default_rng(0).poisson(15 * truth) / 15
    found = examine(scaled(np.round(255 * np.clip(drawn, 0, 1)).astype(np.uint8)))
    assert found.kind == "poisson"
    mean = float(np.mean(truth))
    strength = found.noise.sigma**2 + found.noise.gain * mean
    assert strength == pytest.approx(mean / 15, rel=0.15)
