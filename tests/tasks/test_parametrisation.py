"""The parametrisation experiment: its targets, several seeds, and what the network sees."""

import numpy as np
import pytest
import torch

import dipcli
from dipcli.errors import UsageError
from dipcli.observers.curve import Curve
from dipcli.tasks.fitting import target_picture

PICTURE = torch.rand(1, 3, 6, 5, generator=torch.Generator().manual_seed(0))
LEVELS = np.random.default_rng(0).integers(0, 256, (16, 20, 3), dtype=np.uint8)
FEW = {"device": "cpu", "channels": (4, 8), "iters": 3}


def sorted_rows(x):
    return np.array(sorted(map(tuple, x[0].flatten(1).T.tolist())))


def test_shuffled_pixels_keep_their_colours_and_shuffled_channels_only_their_values():
    pixels, channels = (
        target_picture("shuffled", PICTURE, how, [0, 2]) for how in ("pixels", "channels")
    )
    assert np.array_equal(sorted_rows(pixels), sorted_rows(PICTURE))
    assert not np.array_equal(sorted_rows(channels), sorted_rows(PICTURE))
    for found in (pixels, channels):
        assert not torch.equal(found, PICTURE)
        for c in range(3):
            assert torch.equal(found[0, c].flatten().sort()[0], PICTURE[0, c].flatten().sort()[0])


def test_each_run_has_its_own_seed_and_the_first_is_the_one_alone():
    alone = dipcli.fit(LEVELS, targets=("noise", "natural"), **FEW)
    three = dipcli.fit(LEVELS, targets=("noise", "natural"), runs=3, **FEW)
    curves = three.notes["curves"]
    names = [f"{name}{run}" for name in ("noise", "natural") for run in ("", ", run 2", ", run 3")]
    assert list(curves) == names
    assert {n: curves[n] for n in ("noise", "natural")} == alone.notes["curves"]
    assert len({tuple(curve) for curve in curves.values()}) == 6
    assert np.array_equal(three.image, alone.image)
    assert three.stopped_at == 18


@pytest.mark.parametrize("kind", ["noise", "mesh", "picture"])
def test_every_input_gives_another_curve(kind):
    curves = dipcli.fit(LEVELS, input=kind, **FEW).notes["curves"]
    assert curves != dipcli.fit(LEVELS, **FEW).notes["curves"]


def test_a_natural_input_is_a_picture_of_its_own():
    other = LEVELS[::-1].copy()
    fed = dipcli.fit(LEVELS, input="natural", input_picture=other, **FEW).notes["curves"]
    seen = dipcli.fit(LEVELS, input="picture", **FEW).notes["curves"]
    assert fed != seen
    assert dipcli.fit(LEVELS, input="natural", input_picture=LEVELS, **FEW).notes["curves"] == seen
    for given in ({"input": "natural"}, {"input_picture": other}):
        with pytest.raises(UsageError, match="--input-picture FILE belong together"):
            dipcli.fit(LEVELS, **given, **FEW)


def test_a_plot_has_a_band_for_each_target():
    watch = Curve()
    task = dipcli.tasks.fit(LEVELS, targets=("noise", "natural"))
    for step in dipcli.steps(task, runs=2, **FEW):
        watch(step)
    plot = watch.encode(".svg").decode()
    assert plot.count('id="FillBetweenPolyCollection') == 2
    assert watch.encode(".csv").decode().count("\n") == 1 + 12
    again = Curve()
    again.load_state_dict(watch.state_dict())
    assert again.encode(".svg").decode() == plot
