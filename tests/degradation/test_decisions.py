"""Where a decision on the damage turns: the cues are made up, the strengths are of 255."""

import math
from dataclasses import replace

import numpy as np
import pytest

from dipcli.degradation import damage
from dipcli.degradation.blocks import Shape
from dipcli.degradation.cues import Cues
from dipcli.degradation.damage import few_colours, limit_of, white
from dipcli.degradation.noise import Noise, estimate

EVEN = Shape(kurtosis=3.0, direction=0.05, slant=0.02, near=0.1, far=0.0)
RNG = np.random.default_rng(0)
FLAT = (0.5 + RNG.normal(0, 0.1, (32, 32, 3))).astype(np.float32)


def cues(strength: float = 10.0, **given: object) -> Cues:
    """White noise of that strength on which all cues agree, but for what is given."""
    usual = {
        "pixels": 10**6,
        "model": Noise(strength / 255),
        "strength": strength / 255,
        "gray": False,
        "agreement": 1.0,
        "level": strength / 255,
        "colour": strength / 255,
        "growth": 1.0,
        "half": 1.0,
        "confirmed": (0.5, 0.5),
        "shape": EVEN,
        "kurtosis": math.inf,
        "tilt": 1.0,
    }
    return Cues(**{**usual, **given})


@pytest.mark.parametrize(
    ("strength", "sure", "limit"),
    [
        (4.3, True, 1.25),
        (4.5, True, 2.35),
        (4.8, True, math.inf),
        (4.8, False, 1.25),
        (5.7, False, 2.35),
        (60, False, 2.35),
    ],
)
def test_how_far_a_result_may_go(strength: float, sure: bool, limit: float) -> None:
    assert 255 * limit_of(strength / 255, sure) == pytest.approx(limit)


@pytest.mark.parametrize(
    ("strength", "agreement", "gray", "kind"),
    [
        (0.9, 1.0, False, "clean"),
        (1.1, 1.0, False, "gaussian"),
        (12.8, 0.69, False, "clean"),  # of 12.8 the flattest blocks have 8.8
        (13.2, 0.69, False, "gaussian"),
        (19.8, 1.0, True, "clean"),
        (20.2, 1.0, True, "gaussian"),
    ],
)
def test_white_noise_that_not_all_cues_confirm(strength, agreement, gray, kind) -> None:
    """In colour it counts from 9, in gray from 20; with all cues what can be seen."""
    confirmed = (0.1, 0.1) if gray else (0.5, 0.5)
    found = white(cues(strength, agreement=agreement, gray=gray, confirmed=confirmed))
    assert found.kind == kind


def test_gray_noise_is_sure_where_a_third_of_the_blocks_conform() -> None:
    found = [white(cues(5.5, gray=True, confirmed=(share, 0.5))) for share in (0.34, 0.36)]
    assert [one.limit < math.inf for one in found] == [True, False]


def test_noise_of_a_film_is_finer_than_that_of_a_camera() -> None:
    """Neighbours correlate by 0.54 at least, or all colours have it."""
    photo = cues(1.0, level=6 / 255, colour=0.0, confirmed=(0.5, 0.5))
    found = [
        damage.shared(FLAT, replace(photo, shape=replace(EVEN, near=near))) for near in (0.53, 0.55)
    ]
    assert [one.kind for one in found] == ["photo", "photo"]
    assert found[0].limit == math.inf  # 6 is strong enough for itself
    weak = [
        damage.shared(FLAT, replace(photo, level=4.5 / 255, shape=replace(EVEN, near=near)))
        for near in (0.53, 0.55)
    ]
    assert [255 * one.limit for one in weak] == [pytest.approx(2.35), math.inf]


def test_shared_noise_is_stronger_than_its_white_part() -> None:
    strong = {"colour": 9 / 255, "agreement": 1.5, "confirmed": (0.5, 0.5), "growth": 1.1}
    assert not cues(10.0, level=15.9 / 255, **strong).shared
    assert cues(10.0, level=16.1 / 255, **strong).shared
    assert cues(1.9).shared and not cues(2.1).shared


@pytest.mark.parametrize(("channels", "most"), [(1, 16), (3, 256)])
def test_so_few_colours_are_drawn(channels: int, most: int) -> None:
    for count in (most, most + 1):
        levels = np.arange(400 * channels).reshape(20, 20, channels) // channels % count
        found = few_colours((levels / 512).astype(np.float32))
        assert found == (count if count == most else 0)


def test_a_patch_filter_meets_camera_noise_at_twice_its_strength() -> None:
    """Of a flat picture the flattest tenth of the blocks tells it, so it is a little less."""
    noise = RNG.normal(0, 20 / 255, (130, 130, 1))
    shared = sum(np.roll(noise, shift, (0, 1)) for shift in ((0, 0), (0, 1), (1, 0), (1, 1))) / 4
    found = estimate((0.5 + shared).astype(np.float32), "photo")
    assert found.kind == "photo"
    assert 255 * found.sigma == pytest.approx(2 * 10, rel=0.2)


@pytest.mark.parametrize(
    ("strength", "kurtosis", "kind", "sure"),
    [
        (8.9, 3.0, "clean", False),
        (9.1, 3.0, "gaussian", True),
        (25.0, 3.0, "gaussian", True),
        (9.1, 3.2, "clean", False),
        (25.0, 3.2, "gaussian", False),
    ],
)
def test_strong_gray_noise_is_sure_by_its_shape_alone(strength, kurtosis, kind, sure) -> None:
    """Fingerprints: 2.3 times as rough as the noise, no flat block, neighbours alike."""
    ridges = {"agreement": 2.3, "confirmed": (0.1, 0.1), "kurtosis": kurtosis}
    found = white(cues(strength, gray=True, **ridges))
    assert found.kind == kind
    assert (found.limit == math.inf and not found.clean) == sure
