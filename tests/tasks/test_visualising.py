"""Pre-images and activations, of a small network with random weights."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from dipcli import tasks
from dipcli.api import restore, runtime_for
from dipcli.prior.pixels import PixelGrid, TotalVariation
from dipcli.stream.step import Runtime

CPU = Runtime(torch.device("cpu"))  # float32, whatever the machine gains from
SMALL = {"channels": (16, 32, 64)}


@pytest.fixture(scope="module")
def picture(draw):
    return draw(32, 40)


@pytest.fixture(scope="module")
def model(models: dict[str, Path]) -> bytes:
    return models["any.pt2"].read_bytes()


def psnr(step, task):
    found = step.estimate[0].permute(1, 2, 0).numpy()
    return -10 * math.log10(np.mean((found - task.observation) ** 2))


def until(task, error, **settings):
    """The PSNR of the first picture whose features are so near, or of the last one."""
    step = None
    for step in task.steps(task.settings(**settings), CPU):
        if step.loss.item() <= error**2:
            break
    return psnr(step, task), step.loss.item() ** 0.5


def test_an_early_layer_knows_the_picture(picture, model):
    task = tasks.preimage(picture, model, layer="features.0")
    trust = restore(task, task.settings(iters=150, **SMALL), CPU).notes["trust"]
    assert trust["psnr"] > 30


def test_the_features_of_a_late_layer_are_met(picture, model):
    task = tasks.preimage(picture, model, layer="fc")
    trust = restore(task, task.settings(iters=60, **SMALL), CPU).notes["trust"]
    assert trust["feature_error"] < 0.05


def test_a_network_knows_more_of_pictures_than_pixels_do(picture, model):
    """At equal error of the features, of a layer that has forgotten much of the picture."""
    found = {}
    for prior, more in (("dip", SMALL), ("pixels", {}), ("tv", {})):
        task = tasks.preimage(picture, model, layer="features.9", prior=prior)
        found[prior], error = until(task, 0.05, iters=150, **more)
        assert error <= 0.05
    assert found["dip"] > found["pixels"] + 4
    assert found["tv"] > found["pixels"]


@pytest.mark.parametrize(("layer", "unit"), [("features.9", 7), ("features.5", 0)])
def test_an_activation_rises_tenfold(model, layer, unit):
    """Of units that a picture at random hardly excites; how far others rise, the range bounds."""
    canvas = np.full((32, 32, 3), 0.5, np.float32)
    task = tasks.maximize(canvas, model, layer=layer, unit=unit, size=32)
    result = restore(task, task.settings(iters=40, **SMALL), CPU)
    start, reached = result.notes["activation_at_start"], result.notes["trust"]["activation"]
    assert reached > 10 * abs(start)


def test_a_seed_gives_the_same_picture_again(picture, model):
    images = []
    for seed in (0, 0, 1):
        task = tasks.preimage(picture, model, layer="fc")
        runtime = runtime_for("cpu", seed)
        images.append(restore(task, task.settings(iters=3, **SMALL), runtime).image)
    assert np.array_equal(images[0], images[1])
    assert not np.array_equal(images[0], images[2])


def test_total_variation_is_nothing_for_a_flat_picture_and_more_for_edges():
    flat, edge = torch.full((1, 1, 8, 8), 0.5), torch.zeros(1, 1, 8, 8)
    edge[..., 4:] = 1
    ramp = torch.linspace(0, 1, 8).expand(1, 1, 8, 8)
    norm = TotalVariation(2.0)
    assert norm(flat) == 0
    assert norm(edge) == pytest.approx(2 / 7)
    assert norm(ramp) < norm(edge)
    straight = TotalVariation(2.0, beta=1.0)
    assert straight(ramp).item() == pytest.approx(straight(edge).item(), rel=1e-2)


def test_a_grid_of_pixels_is_its_own_picture():
    grid = PixelGrid((3, 4, 5), torch.Generator().manual_seed(0))
    assert grid(torch.zeros(1)).shape == (1, 3, 4, 5)
    assert 0.45 <= grid(torch.zeros(1)).min() <= grid(torch.zeros(1)).max() <= 0.55


def test_pixels_stay_in_range(picture, model):
    task = tasks.preimage(picture, model, layer="features.0", prior="pixels")
    for step in task.steps(task.settings(iters=5, lr=2.0), CPU):
        assert 0 <= step.estimate.min() <= step.estimate.max() <= 1
