import torch

from dipcli.degradation.noise import Noise
from dipcli.learning.bootstrap import Trial, corrected, corrections, windowed


def drawn(seed, height=64, width=120, count=1):
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(seed))


def errors(a, b):
    return float((a - b).square().mean())


def halves(truth, seed):
    """Two estimates, each good in one half of the picture, and their mean."""
    good, bad = (0.02 * (drawn(seed + i, *truth.shape[-2:]) - 0.5) for i in range(2))
    left = torch.arange(truth.shape[3]) < truth.shape[3] // 2
    estimates = torch.cat(
        [truth + torch.where(left, good, 10 * bad), truth + torch.where(left, 10 * bad, good)]
    )
    return Trial(estimates.mean(0, keepdim=True), estimates)


def test_each_estimate_is_believed_where_it_was_right_on_the_trial():
    truth, other = drawn(0), drawn(1)
    first, again = halves(truth, 2), halves(other, 4)
    best = corrected(first, again, other)
    assert errors(best, truth) < 0.25 * errors(first.mixed, truth)


def test_estimates_that_are_the_same_change_nothing():
    truth, mixed = drawn(0), drawn(1)
    trial = Trial(mixed, mixed.repeat(3, 1, 1, 1))
    assert torch.equal(corrections(trial, truth), torch.zeros(3, 1, 64, 120))
    assert torch.equal(corrected(trial, trial, truth), mixed)


def test_a_window_is_a_mean_also_at_the_border():
    flat = torch.full((2, 50, 30), 0.25)
    assert torch.allclose(windowed(flat), flat)
    point = torch.zeros(1, 161, 161)
    point[0, 80, 80] = 1
    found = windowed(point)[0]
    distance = 16  # one standard deviation
    assert torch.isclose(found[80, 80 + distance] / found[80, 80], torch.tensor(-0.5).exp())


def test_noise_is_drawn_as_the_model_says():
    x = torch.full((1, 3, 200, 200), 0.3)
    for noise in (Noise(0.1), Noise(0.02, 0.05, "poisson"), Noise(0.4)):
        y = noise.drawn(x, torch.Generator().manual_seed(0))
        mean = noise.expected(x)
        assert abs(float(y.mean() - mean.mean())) < 2e-3
        assert abs(float(y.var() / noise.variance(mean).mean()) - 1) < 0.02
