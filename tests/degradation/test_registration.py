"""Where a second picture lies: found where it is sure, and nothing is moved by chance."""

import numpy as np
import pytest
from skimage import data

from dipcli.bench.flash import pair
from dipcli.degradation.registration import NEAR, moved, shift_of

SCENES = {
    "astronaut": data.astronaut(),
    "chelsea": data.chelsea(),
    "coffee": data.coffee(),
    "brick": np.stack([data.brick()] * 3, 2),
    "gravel": np.stack([data.gravel()] * 3, 2),
    "text": np.stack([data.text()] * 3, 2),
}
MARGIN = 9


def flashed(name, side, strength, down=0, right=0):
    """An ambient picture and one with flash that lies so much too low and too far right."""
    top, left = (max(0, (size - side) // 3 - MARGIN) for size in SCENES[name].shape[:2])
    whole = np.s_[top : top + side + 2 * MARGIN, left : left + side + 2 * MARGIN]
    ambient, lit, _ = pair(np.ascontiguousarray(SCENES[name][whole]), strength)
    height, width = (size - 2 * MARGIN for size in ambient.shape[:2])
    y, x = MARGIN - down, MARGIN - right
    still = ambient[MARGIN : MARGIN + height, MARGIN : MARGIN + width]
    moving = lit[y : y + height, x : x + width]
    return np.float32(still / 255), np.float32(moving / 255)


@pytest.mark.parametrize("name", SCENES)
@pytest.mark.parametrize("side", [40, 96, 160])
@pytest.mark.parametrize("strength", [5, 25])
def test_a_pair_that_lies_on_each_other_is_not_moved(name, side, strength):
    ambient, lit = flashed(name, side, strength)
    found = shift_of(lit, ambient)
    assert found.none and found.words == "0 pixels"


@pytest.mark.parametrize("name", ["astronaut", "chelsea", "coffee", "gravel"])
@pytest.mark.parametrize("by", [(1, -1), (-3, 2), (0, 5)])
def test_a_shift_is_found_to_the_pixel(name, by):
    ambient, lit = flashed(name, 192, 15, *by)
    found = shift_of(lit, ambient)
    assert (found.down, found.right) == by and found.share(ambient.shape) <= NEAR


def test_a_far_shift_is_found():
    ambient, lit = flashed("coffee", 160, 10, 0, -9)
    found = shift_of(lit, ambient)
    assert (found.down, found.right) == (0, -9) and found.share(ambient.shape) > NEAR
    assert found.words == "9 left pixels"


@pytest.mark.parametrize(("one", "other"), [("astronaut", "gravel"), ("coffee", "chelsea")])
def test_a_flash_of_another_scene_is_not_moved(one, other):
    assert shift_of(flashed(one, 96, 15)[1], flashed(other, 96, 15)[0]).none


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 40, 3), (7, 5, 1), (64, 64, 3)])
def test_without_outlines_and_in_tiny_pictures_nothing_is_moved(shape):
    flat = np.full(shape, 0.5, np.float32)
    noisy = np.float32(np.random.default_rng(0).random(shape))
    assert shift_of(flat, flat).none and shift_of(flat, noisy).none and shift_of(noisy, flat).none


def test_moving_keeps_values_and_continues_edges():
    picture = np.float32(np.random.default_rng(1).random((9, 7, 3)))
    there = moved(picture, 2, -1)
    assert np.array_equal(there[2:, :-1], picture[:-2, 1:])
    assert np.array_equal(there[0], there[2]) and np.array_equal(there[:, -1], there[:, -2])
    assert np.array_equal(moved(there, -2, 1)[:-2, 1:], picture[:-2, 1:])
