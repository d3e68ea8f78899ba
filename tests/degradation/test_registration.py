"""Where a second picture lies on the first one."""

import numpy as np
import pytest
from skimage import data

from dipcli.bench.flash import pair
from dipcli.degradation.registration import moved, shift_of

AMBIENT, LIT, _ = (
    one.astype(np.float32) / 255 for one in pair(data.astronaut()[20:148, 180:308], 20.0)
)


def test_pictures_that_lie_on_each_other_stay():
    found = shift_of(LIT, AMBIENT)
    assert found.none and found.words == "0 pixels"


@pytest.mark.parametrize(("down", "right"), [(3, -2), (0, 3), (-9, 0)])
def test_a_shift_is_found_in_other_light_and_noise(down, right):
    found = shift_of(moved(LIT, down, right), AMBIENT)
    assert (found.down, found.right) == (down, right)


def test_whole_pixels_are_moved_as_they_are():
    there = moved(LIT, 3, -2)
    assert np.array_equal(there[3:, :-2], LIT[:-3, 2:])


def test_parts_of_pixels_are_found_about():
    found = shift_of(moved(LIT, 1.5, 0), AMBIENT)
    assert abs(found.down - 1.5) < 0.3 and found.right == 0


def test_pictures_without_outlines_lie_where_they_are():
    flat = np.full((32, 40, 3), 0.5, np.float32)
    assert shift_of(flat, flat).none


def test_words_say_where_it_lies():
    found = shift_of(moved(LIT, -3, 2), AMBIENT)
    assert found.words == "3 up and 2 right pixels"
    assert found.share(LIT.shape) == 3 / 128
