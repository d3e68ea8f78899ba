"""Values as people type them."""

import click
import pytest

from dipcli.batch.crop import Crop
from dipcli.cli.types import CROP, DURATION, SHARD, SIGMA, STRENGTH


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        (90, 90),
        ("90s", 90),
        ("1.5", 1.5),
        ("5m", 300),
        ("5 min", 300),
        ("1h", 3600),
        ("1.5h", 5400),
        ("1h30m", 5400),
        ("1h 30m 5s", 5405),
        ("1m30s", 90),
        ("1h30s", 3630),
    ],
)
def test_durations_as_people_type_them(text, seconds):
    assert DURATION.convert(text, None, None) == seconds


@pytest.mark.parametrize(
    "text",
    ["", "0", "0m", "soon", "-5", "1h30", "30m1h", "5x", "1.2.3s", "1e3", "m", "nan", "9" * 400],
)
def test_what_is_no_duration(text):
    with pytest.raises(click.BadParameter, match="not a duration such as 90, 90s, 5m, 1h or 1h30m"):
        DURATION.convert(text, None, None)


def test_a_budget_of_hours_and_minutes(tmp_path, dip):
    from drawing import QUICK, draw

    draw(tmp_path / "a.png")
    ran = dip("denoise", "a.png", "-o", "x.png", "--time", "1h30m", "--json", *QUICK)
    assert ran.code == 0, ran.err
    assert ran.json[0]["settings"]["time"] == 5400


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (SIGMA, "auto", None),
        (SIGMA, "0", 0.0),
        (SIGMA, "255", 255.0),
        (SHARD, "1/1", (1, 1)),
        (SHARD, "8/8", (8, 8)),
        (STRENGTH, "0,1", (0.0, 1.0)),
        (STRENGTH, "0.7", (0.7, 0.7)),
        (CROP, "1x2+0+3", Crop(1, 2, 0, 3)),
    ],
)
def test_the_ends_of_a_range_belong_to_it(kind, text, value):
    assert kind.convert(text, None, None) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (SIGMA, "-0.1"),
        (SIGMA, "255.1"),
        (SIGMA, "nan"),
        (SHARD, "0/8"),
        (SHARD, "9/8"),
        (SHARD, "0/0"),
        (STRENGTH, "1.1"),
        (STRENGTH, "0,1,1"),
        (CROP, "0x2+0+0"),
        (CROP, "2x00+0+0"),
        (CROP, "2x2+-1+0"),
    ],
)
def test_what_is_beyond_them_does_not(kind, text):
    with pytest.raises(click.BadParameter):
        kind.convert(text, None, None)
