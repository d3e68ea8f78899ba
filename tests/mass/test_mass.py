"""A small run of each script here; the full ones are run by hand as their first lines say."""

import sys

import pytest
from mass import damaged, flat, hostile, killed, running, together

RUNS = {
    "damaged": lambda: damaged.main(count=30, intact=6, seed=0),  # each format in each way
    "killed": lambda: killed.main(count=2, pictures=4, seed=0),
    "flat": lambda: flat.main(count=40, side=32, settings=list(running.QUICK)),
    "together": lambda: together.main(turns=1, pictures=5, processes=2),
    "hostile 1": lambda: hostile.main(count=1, numbers=[1, 2, 3, 4], seed=0),
    "hostile 5": lambda: hostile.main(count=1, numbers=[5, 6, 7], seed=0),
    "hostile 8": lambda: hostile.main(count=1, numbers=[8, 9, 10, 11], seed=0),
}


@pytest.mark.skipif(sys.platform != "linux", reason="measures memory and kills as Linux does")
@pytest.mark.parametrize("name", RUNS)
def test_what_must_hold_holds(name):
    RUNS[name]()


def test_every_scene_is_played():
    assert sorted(hostile.SCENES) == list(range(1, 12))
