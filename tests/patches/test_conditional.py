import pytest
import torch

from dipcli.patches.conditional import DIAGONAL_LOADING, conditional, expected
from dipcli.patches.passes import Pass

WANTED = Pass(5, 40, 12, 2)


def psnr(a, b):
    return float(-10 * torch.log10((a - b).square().mean()))


def texture(channels=1, side=48):
    x = torch.linspace(0, 30, side)
    gray = (0.5 + 0.4 * torch.sin(x)[:, None] * torch.cos(1.3 * x))[None, None]
    return gray * torch.linspace(1, 0.6, channels).view(1, -1, 1, 1)


def half_lost(side=48):
    generator = torch.Generator().manual_seed(0)
    return (torch.rand(1, 1, side, side, generator=generator) < 0.5).float()


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_a_filling_gets_better_and_what_is_known_stays(channels):
    truth, known = texture(channels), half_lost()
    noise = 0.05 * torch.randn(truth.shape, generator=torch.Generator().manual_seed(1))
    first = torch.where(known > 0, truth, truth + noise)
    second = conditional(truth * known, known, first, WANTED)
    assert torch.equal(second * known, truth * known)
    assert psnr(second, truth) > psnr(first, truth) + 6


def test_what_lies_in_the_hole_does_not_matter():
    truth, known = texture(), half_lost()
    first = torch.where(known > 0, truth, 0.5)
    one = conditional(truth * known, known, first, WANTED)
    other = conditional(torch.where(known > 0, truth, 1.0), known, first, WANTED)
    assert torch.equal(one, other)


@pytest.mark.parametrize("size", [(1, 1), (2, 9), (17, 31)])
def test_any_size(size):
    generator = torch.Generator().manual_seed(2)
    y = torch.rand(1, 3, *size, generator=generator)
    known = (torch.rand(1, 1, *size, generator=generator) < 0.5).float()
    filled = conditional(y, known, y, WANTED)
    assert filled.shape == y.shape
    assert filled.isfinite().all()


def test_it_is_the_conditional_mean_of_a_gaussian():
    """Against the formula written out for the lost and the known values of one patch."""
    generator = torch.Generator().manual_seed(3)
    X = torch.rand(30, 4, generator=generator)
    y, known = torch.rand(1, 4, generator=generator), torch.tensor([[1.0, 0.0, 1.0, 0.0]])
    found = expected(X, y, known, torch.arange(30)[None])
    m = X.mean(0)
    C = (X - m).t() @ (X - m) / 30 + DIAGONAL_LOADING * torch.eye(4)
    k = known[0] > 0
    inner = torch.linalg.inv(C[k][:, k] + DIAGONAL_LOADING * torch.eye(2))
    assert torch.allclose(found[0], m + C[:, k] @ inner @ (y[0, k] - m[k]), atol=1e-4)
