import numpy as np
import pytest
import skimage.data
from scenes import decoded, file_of, scene, tensor, to_levels

from dipcli.degradation.jpeg_grid import Found, confirmed, detect
from dipcli.patches.artefacts import estimates


def found(levels):
    return detect(np.asarray(levels, np.float32).reshape(*levels.shape[:2], -1) / 255)


def photo(side=192):
    return skimage.data.astronaut()[:side, 150 : 150 + side]


@pytest.mark.parametrize("quality", [10, 40, 75, 92])
@pytest.mark.parametrize("subsampling", [0, 2])
def test_the_file_is_told_from_the_pixels(quality, subsampling):
    levels, coding = decoded(file_of(photo(), quality=quality, subsampling=subsampling))
    assert found(levels) == coding
    assert found(levels[5:, 11:]) == coding.at(5, 11)


@pytest.mark.parametrize("quality", [10, 50, 90])
def test_gray_ones_too(quality):
    levels, coding = decoded(file_of(skimage.data.camera()[100:300, 100:300], quality=quality))
    assert found(levels) == coding
    assert found(levels[3:, 6:]) == coding.at(3, 6)


def test_gray_kept_as_colour_has_the_same_luma():
    levels, coding = decoded(file_of(photo()[..., 1], quality=40))
    told = found(levels.repeat(3, 2))
    assert told.tables[0] == coding.tables[0]
    assert told.offset[0] % 8 == told.offset[1] % 8 == 0


def test_other_tables_than_the_standard_ones():
    tables = [[6 + (i // 8 + i % 8) for i in range(64)], [9 + (i // 8 + i % 8) for i in range(64)]]
    levels, coding = decoded(file_of(photo(), qtables=tables, subsampling=2))
    told = found(levels)
    assert (told.factors, told.offset) == (coding.factors, coding.offset)
    apart = np.abs(np.array(told.tables[0]) - coding.tables[0])
    assert (apart == 0).mean() > 0.7


def drawn(colours=6, side=4, seed=0):
    """Tiles of a few colours and a line, as in a game of old."""
    rng = np.random.default_rng(seed)
    palette = rng.integers(0, 256, (colours, 3))
    tiles = rng.integers(0, colours, (192 // side, 192 // side))
    picture = palette[tiles].repeat(side, 0).repeat(side, 1)
    picture[50:52] = 255
    return picture.astype(np.uint8)


@pytest.mark.parametrize(
    "levels",
    [
        photo(),
        skimage.data.text(),
        skimage.data.brick()[:256, :256],
        skimage.data.clock(),
        drawn(),
        drawn()[3:, 2:],
        drawn(11, 16, 1),
        drawn(60, 8, 2)[5:, 5:],
        np.full((64, 64, 3), 77, np.uint8),
        np.indices((128, 128)).sum(0).astype(np.uint8),
        np.random.default_rng(0).integers(0, 256, (128, 128, 3)),
        (np.indices((128, 128)).sum(0) % 2 * 255)[..., None],
        scene(20, 11),
    ],
)
def test_what_was_no_jpeg_is_not_taken_for_one(levels):
    assert found(levels) is None


def test_values_between_levels_are_no_jpeg():
    levels, _ = decoded(file_of(photo(), quality=40))
    assert detect(levels.astype(np.float32) / 255 * 0.97) is None


def test_noise_on_top_hides_it_and_what_we_restored_is_none():
    levels, coding = decoded(file_of(photo(128), quality=40))
    noise = np.random.default_rng(0).normal(0, 5, levels.shape)
    assert found((levels + noise).clip(0, 255).round()) is None
    (restored,) = estimates(tensor(levels), coding, 1, 6)
    assert found(to_levels(restored)) is None


@pytest.mark.parametrize(("left", "sure"), [(0.2, True), (0.4, False), (1.0, False)])
def test_steps_are_confirmed_where_little_is_left_beside_their_multiples(left, sure):
    """left: the variance about the multiples of 20, of that of uniform values."""
    rng = np.random.default_rng(0)
    multiples = 20 * rng.choice([-3, -2, -1, 1, 2, 3], (2000, 64))
    blocks = multiples + np.sqrt(left) * rng.uniform(-10, 10, multiples.shape)
    steps = Found(np.full(64, 20), np.full(64, 99, np.float32))
    assert confirmed(blocks.astype(np.float32), steps) is sure
