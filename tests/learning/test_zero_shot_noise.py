"""Zero-Shot Noise2Noise: two halves of one picture, and a network that learns from them."""

import copy

import numpy as np
import pytest
import torch

import dipcli
from dipcli.degradation.problem import Problem
from dipcli.learning.zero_shot_noise import ZeroShotNoiseRun, diagonals
from dipcli.presets.denoise import ZSN2N, DenoiseSettings
from dipcli.stream.step import Runtime

SETTINGS = DenoiseSettings().override(**{name: value for name, (value, _) in ZSN2N.items()})


def noisy(draw, size=48):
    clean = draw(size, size)
    noise = np.random.default_rng(0).normal(0, 30, clean.shape)
    return clean, np.clip(np.rint(clean + noise), 0, 255).astype(np.uint8)


def run(size=(20, 21), **more):
    y = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(0))
    settings = SETTINGS.override(**{"iters": 8, "channels": (4, 4), **more})
    return ZeroShotNoiseRun(Problem(y, size), settings, Runtime(torch.device("cpu")), 0, None)


def test_the_halves_are_the_means_over_the_diagonals():
    x = torch.tensor([[1.0, 2.0, 9.0], [3.0, 5.0, 9.0]])[None, None]
    one, other = diagonals(x)
    assert one.item() == 2.5  # of 2 and 3
    assert other.item() == 3.0  # of 1 and 5


def test_the_loss_is_that_of_the_paper():
    made = run()
    y = made.picture
    loss, estimate = made.losses()
    (a, b), net = diagonals(y), made.net
    pa, pb = diagonals(y - net(y))
    residual = ((a - net(a) - b) ** 2).mean() + ((b - net(b) - a) ** 2).mean()
    consistency = ((a - net(a) - pa) ** 2).mean() + ((b - net(b) - pb) ** 2).mean()
    assert torch.allclose(loss, (residual + consistency) / 2, rtol=1e-5)
    assert torch.allclose(estimate, y - net(y))


def test_the_published_network_has_22_thousand_weights():
    made = run(channels=(48, 48))
    assert sum(one.numel() for one in made.net.parameters()) == 3 * 9 * 48 + 9 * 48**2 + 48 * 5 + 3


def test_the_rate_is_halved_after_three_quarters():
    made = run()
    rates = [made.optimizers[0].param_groups[0]["lr"] for _ in made.steps()]
    assert rates == [1e-3] * 6 + [5e-4] * 2
    assert made.stop_reason == "all 8 steps made"


def test_a_run_goes_on_to_the_byte():
    whole = run()
    expected = list(whole.steps())[-1].estimate
    half = run()
    for _ in range(3):
        half.step()
    again = run()
    again.load_state_dict(copy.deepcopy(half.state_dict()))
    assert torch.equal(list(again.steps())[-1].estimate, expected)


def test_it_takes_noise_away(draw):
    clean, picture = noisy(draw)
    result = dipcli.denoise(picture, method="zsn2n", iters=150, device="cpu")
    before, after = (np.mean((clean - one.astype(float)) ** 2) for one in (picture, result.image))
    assert after < before / 2
    assert result.stopped_at == 150
    assert result.settings.channels == (48, 48)


@pytest.mark.parametrize("preset", ["auto", "fast", "best", "paper"])
def test_no_preset_changes_the_method(preset, draw):
    settings = dipcli.tasks.denoise(draw(32, 32)).settings(preset, method="zsn2n")
    assert (settings.iters, settings.lr, settings.optimizer) == (2000, 1e-3, "adam")
