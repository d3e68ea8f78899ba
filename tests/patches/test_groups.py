import pytest
import torch

from dipcli.patches.groups import (
    BELIEF,
    even_ridge,
    nl_bayes,
    ridge,
    ridge_bayes_mean,
    ridge_sure,
    ridge_with_pilot,
)


def test_the_two_forms_of_the_inverse_agree():
    generator = torch.Generator().manual_seed(4)
    X = torch.randn(3, 7, 5, generator=generator)
    Y = torch.randn(3, 7, 5, generator=generator)
    D = 0.1 + torch.rand(3, 7, 1, generator=generator)
    theta = X @ X.mT @ torch.linalg.inv(X @ X.mT + torch.diag_embed(D[..., 0]))
    estimate, left = ridge_with_pilot(X, Y, D)
    assert torch.allclose(estimate, theta @ Y, atol=1e-4)
    assert torch.allclose(left[..., 0], theta.square().sum(2), atol=1e-4)


def test_the_first_pass_is_its_formula():
    generator = torch.Generator().manual_seed(5)
    Y = torch.randn(2, 6, 9, generator=generator)
    D = 0.1 + torch.rand(2, 6, 1, generator=generator)
    diagonal = torch.diag_embed(D[..., 0])
    theta = torch.eye(6) - 1.05 * diagonal @ torch.linalg.inv(Y @ Y.mT + 0.05 * diagonal)
    estimate, left = ridge_sure(Y, D)
    assert torch.allclose(estimate, theta @ Y, atol=1e-3)
    assert torch.allclose(left[..., 0], theta.square().sum(2), atol=1e-3)


def group(k, n, seed=6):
    generator = torch.Generator().manual_seed(seed)
    X = torch.randn(2, k, 3, generator=generator) @ torch.randn(2, 3, n, generator=generator)
    X = X - X.mean(1, keepdim=True)
    return X, X + 0.3 * torch.randn(2, k, n, generator=generator)


def test_the_gaussian_pass_is_its_formula():
    X, Y = group(20, 9)
    D = torch.full((2, 20, 1), 9 * 0.09)
    C = X.mT @ X / 20
    W = C @ torch.linalg.inv(C + BELIEF * 0.09 * torch.eye(9))
    estimate, left = nl_bayes(X, Y, D, 9)
    assert torch.allclose(estimate, Y @ W.mT, atol=1e-3)
    assert torch.allclose(left[:, 0, 0], W.square().sum((1, 2)) / 9, atol=1e-3)


@pytest.mark.parametrize("combine", [ridge, even_ridge, nl_bayes])
def test_noise_is_taken_off_and_what_is_left_of_it_is_told(combine):
    X, Y = group(200, 48)
    estimate, left = combine(X, Y, torch.full((2, 200, 1), 48 * 0.09), 48)
    error = (estimate - X).square().mean()
    assert error < 0.2 * (Y - X).square().mean()
    assert 0.5 < float(left.mean()) * 0.09 / float(error) < 1.5


@pytest.mark.parametrize("combine", [ridge, even_ridge, nl_bayes, ridge_bayes_mean])
def test_the_least_noise_is_no_trouble(combine):
    X, _ = group(60, 48)
    X = 0.5 * X / X.abs().max()
    estimate, left = combine(X, X, torch.full((2, 60, 1), 48 * (0.5 / 255) ** 2), 48)
    assert torch.allclose(estimate, X, atol=1e-2)
    assert left.isfinite().all()


def test_both_is_no_worse_than_they_are_in_the_mean():
    X, Y = group(200, 48)
    D = torch.full((2, 200, 1), 48 * 0.09)
    (one, left), (other, also_left) = even_ridge(X, Y, D, 48), nl_bayes(X, Y, D, 48)
    estimate, mean_left = ridge_bayes_mean(X, Y, D, 48)
    errors = [(made - X).square().mean() for made in (estimate, one, other)]
    assert errors[0] <= (errors[1] + errors[2]) / 2
    assert torch.allclose(mean_left.mean(), (left.mean() + also_left.mean()) / 2, rtol=0.02)


def test_both_is_the_mean_where_they_add_the_same_to_the_diagonal(monkeypatch):
    monkeypatch.setattr("dipcli.patches.groups.BELIEF", 48 / 200)
    X, Y = group(200, 48)
    D = torch.full((2, 200, 1), 48 * 0.09)
    (one, left), (other, also_left) = even_ridge(X, Y, D, 48), nl_bayes(X, Y, D, 48)
    estimate, mean_left = ridge_bayes_mean(X, Y, D, 48)
    assert torch.allclose(estimate, (one + other) / 2, atol=1e-6)
    assert torch.allclose(mean_left, (left + also_left) / 2, atol=1e-6)


def test_where_noise_is_even_the_ridge_is_the_same():
    X, Y = group(20, 9)
    D = torch.full((2, 20, 1), 0.3)
    (even, left), (full, of_each) = even_ridge(X, Y, D, 9), ridge_with_pilot(X, Y, D)
    assert torch.allclose(even, full, atol=1e-3)
    assert torch.allclose(left, of_each, atol=1e-3)


def test_without_a_pilot_there_is_no_gaussian():
    with pytest.raises(ValueError, match="pilots"):
        nl_bayes(None, *group(20, 9), 9)
