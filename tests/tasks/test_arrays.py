"""Pictures as arrays: every dtype and layout comes back as it was."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dipcli.errors import UsageError
from dipcli.tasks.arrays import Pixels, to_array

SHAPES = st.one_of(
    st.tuples(st.integers(1, 5), st.integers(1, 5)),
    st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(1, 5)),
)
INTEGERS = st.sampled_from([np.uint8, np.uint16]).flatmap(lambda t: arrays(t, SHAPES))
FLOATS = arrays(np.float32, SHAPES, elements=st.floats(0, 1, width=32))


@settings(max_examples=60, deadline=None)
@given(st.one_of(INTEGERS, FLOATS))
def test_there_and_back_loses_nothing(image):
    pixels = Pixels.of(image)
    assert pixels.values.dtype == np.float32
    assert pixels.values.min() >= 0 and pixels.values.max() <= 1
    tensor = pixels.tensor(torch.device("cpu"))
    assert tensor.shape == (1, pixels.values.shape[2], *image.shape[:2])
    back = pixels.like(to_array(tensor))
    assert back.dtype == image.dtype and back.shape == image.shape
    assert np.array_equal(back, image)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((3,), np.uint8),
        np.zeros((0, 4), np.uint8),
        np.zeros((2, 2, 3, 1), np.uint8),
        np.zeros((4, 4), np.int32),
        np.zeros((4, 4), bool),
        np.full((4, 4), 1.5, np.float32),
        np.full((4, 4), -0.1),
        np.full((4, 4), np.nan, np.float32),
    ],
)
def test_what_is_not_a_picture_is_refused_in_one_line(image):
    with pytest.raises(UsageError) as error:
        Pixels.of(image)
    assert "\n" not in str(error.value)
