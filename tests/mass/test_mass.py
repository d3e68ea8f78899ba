"""A small run of each script here; the full ones are run by hand as their first lines say."""

import sys

import pytest
from mass import damaged, flat, hostile, killed, running, together

RUNS = {
    "damaged": lambda: damaged.main(count=30, intact=6, seed=0),  # each format in each way
    "killed": lambda: killed.main(count=2, pictures=4, seed=0),
    "flat": lambda: flat.main(count=40, side=32, settings=list(running.QUICK)),
    "together": lambda: together.main(turns=1, pictures=5, processes=2),
    "hostile": lambda: hostile.main(count=1, numbers=list(hostile.SCENES), seed=0),
}


@pytest.mark.skipif(sys.platform != "linux", reason="measures memory and kills as Linux does")
@pytest.mark.parametrize("name", RUNS)
def test_what_must_hold_holds(name):
    RUNS[name]()
