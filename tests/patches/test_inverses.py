import pytest
import torch

from dipcli.patches.inverses import inverse, whitening


@pytest.mark.parametrize("n", [1, 2, 7, 8, 9, 27, 48, 108])
def test_many_small_inverses_are_those_of_lapack(n):
    factors = torch.randn(5, n, 2 * n, generator=torch.Generator().manual_seed(n))
    matrices = factors @ factors.mT + torch.eye(n)
    truth = torch.linalg.inv(matrices.double()).float()
    assert torch.allclose(inverse(matrices.clone()), truth, atol=1e-4 * float(truth.abs().max()))


def test_singular_matrices_give_finite_inverses():
    """One bright patch among dark ones that are all alike."""
    patch = torch.rand(1, 48, generator=torch.Generator().manual_seed(0))
    same = torch.cat([patch.expand(23, 48) * 1e-3, 1e3 * patch])
    matrices = torch.stack([same @ same.T, torch.full((24, 24), 0.5), 1e-8 * torch.eye(24)])
    found = inverse(matrices.clone())
    assert found.isfinite().all()
    assert (found.diagonal(dim1=1, dim2=2) > 0).all()


def test_dark_matrices_stay_zero_and_finite():
    matrices = torch.eye(12).expand(3, 12, 12) * torch.tensor([1e-12, 1.0, 1e12])[:, None, None]
    found = inverse(matrices.clone()).diagonal(dim1=1, dim2=2)[:, 0]
    assert torch.allclose(found * torch.tensor([1e-12, 1.0, 1e12]), torch.ones(3), atol=1e-5)


def test_one_that_cannot_be_factored_does_not_change_the_others():
    good = torch.diag_embed(torch.tensor([[4.0, 2.0, 1.0]]))
    bad = torch.tensor([[[1.0, 3.0, 0.0], [3.0, 1.0, 0.0], [0.0, 0.0, 1.0]]])  # not definite
    found = inverse(torch.cat([good, bad, good]))
    assert torch.allclose(
        found[[0, 2]], torch.diag_embed(torch.tensor([0.25, 0.5, 1.0])), atol=1e-5
    )
    assert found[1].isfinite().all()


@pytest.mark.parametrize("n", [1, 7, 24, 48])
def test_in_blocks_it_is_the_same(n):
    """As devices have it that like few operations."""
    factors = torch.randn(5, n, 2 * n, generator=torch.Generator().manual_seed(n))
    matrices = factors @ factors.mT + torch.eye(n)
    W = whitening(matrices.clone(), torch.full((5,), 1e-6))
    assert torch.allclose(W.mT @ W, inverse(matrices), atol=1e-4)
