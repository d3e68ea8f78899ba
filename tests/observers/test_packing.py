"""A state as bytes: the way there and back, and what damage is told as."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load

from dipcli.errors import CheckpointError
from dipcli.observers.packing import decode, encode, facts_of
from dipcli.prior.ensemble import Mean
from dipcli.prior.stopping import Average
from dipcli.stream.step import Step

FACTS = {"input": "7", "seed": "ü\n"}
DTYPES = (torch.float32, torch.float64, torch.int64, torch.uint8, torch.bool)


@st.composite
def tensors(draw: st.DrawFn) -> torch.Tensor:
    """Any layout: permuted, sliced, expanded, empty, of no dimension."""
    shape = draw(st.lists(st.integers(0, 4), max_size=4))
    seed = draw(st.integers(0, 1000))
    dtype = draw(st.sampled_from(DTYPES))
    found = torch.from_numpy(np.random.default_rng(seed).normal(0, 50, shape)).to(dtype)
    found = found.permute(draw(st.permutations(range(len(shape)))))
    if found.ndim and draw(st.booleans()):
        found = found[..., :-1]
    return found.unsqueeze(0).expand(2, *found.shape) if draw(st.booleans()) else found


def average(value: object) -> Average:
    found = Average(0.5)
    found.value = value
    return found


ARRAYS = st.integers(0, 5).map(lambda n: np.arange(2 * n, dtype=np.uint8).reshape(2, n))
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), tensors(), ARRAYS
)
STATES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(st.one_of(st.text(), st.integers()), inner, max_size=4),
        inner.map(average),
    ),
    max_leaves=12,
)


def equal(one: Any, other: Any) -> bool:
    """The same value of the same type; tensors with the same bits."""
    if type(one) is not type(other):
        return False
    if isinstance(one, torch.Tensor):
        layout = one.stride() == other.stride() or 0 in one.stride()
        one, other = one.numpy(), other.numpy()
        return layout and equal(one, other)
    if isinstance(one, np.ndarray):
        same = one.dtype == other.dtype and one.shape == other.shape
        return same and one.tobytes() == other.tobytes()
    if isinstance(one, dict):
        return list(one) == list(other) and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(equal, one, other))
    if isinstance(one, Average):
        return equal(vars(one), vars(other))
    return one == other or (isinstance(one, float) and math.isnan(one) and math.isnan(other))


@given(STATES)
def test_what_goes_in_comes_out(state):
    data = encode(state, FACTS)
    assert equal(state, decode(data))
    assert facts_of(data) == FACTS


def test_one_tensor_in_two_places_stays_one():
    picture = torch.rand(1, 3, 4, 5).to(memory_format=torch.channels_last)
    data = encode({"average": [picture], "best": picture}, {})
    state = decode(data)
    assert state["average"][0] is state["best"]
    assert state["best"].is_contiguous(memory_format=torch.channels_last)
    assert set(load(data)) == {"0", "state"}  # any reader of safetensors can look


def test_what_a_restoration_is_made_of():
    picture = torch.rand(1, 3, 4, 5)
    step = Step(3, 9, "fit", 1, torch.tensor(0.5), picture, picture, None, {"score": math.inf})
    mean = replace(Mean.of(picture, 2.0), runs=3)
    found_step, found_mean = decode(encode((step, mean), {}))
    assert equal(vars(found_step), vars(step))
    assert equal(vars(found_mean), vars(mean))
    assert found_mean.spread().shape == (1, 1, 4, 5)


def test_a_generator_goes_on_where_it_was():
    generator = torch.Generator().manual_seed(3)
    torch.randn(5, generator=generator)
    data = encode(generator.get_state(), {})
    expected = torch.randn(7, generator=generator)
    other = torch.Generator()
    other.set_state(decode(data))
    assert torch.equal(torch.randn(7, generator=other), expected)


def test_nothing_else_is_taken():
    with pytest.raises(TypeError, match="cannot hold set"):
        encode({"a": {1, 2}}, {})


@given(st.data())
def test_damage_is_told_and_never_believed(data):
    whole = encode({"weights": torch.arange(40.0), "made": 3}, FACTS)
    kind = data.draw(st.sampled_from(("cut", "flipped", "longer")))
    at = data.draw(st.integers(0, len(whole) - 1))
    if kind == "cut":
        broken = whole[:at]
    elif kind == "flipped":
        bit = 1 << data.draw(st.integers(0, 7))
        broken = whole[:at] + bytes([whole[at] ^ bit]) + whole[at + 1 :]
    else:
        broken = whole + b"\0"
    with pytest.raises(CheckpointError, match="damaged"):
        if facts_of(broken) is None:
            raise CheckpointError("damaged: not even a checkpoint")
        decode(broken)
