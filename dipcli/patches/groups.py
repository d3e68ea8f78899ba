"""What the patches of one group tell about each of them: estimators that err differently.

The k patches of a group are the rows of Y = X + W, (k, n), about the group's mean; D, diagonal,
is the noise variance summed over each. NL-Ridge (Herbreteau, Kervrann, SIAM J. Imaging Sciences
2025) takes the best linear combinations of *patches*, Theta Y, where

    no pilot:      Theta = I - (1 + a) D (Y Y' + a D)^-1      (unbiased risk, a = 0.05)
    a pilot X:     Theta = X X' (X X' + D)^-1                  (least risk, X believed)

NL-Bayes (Lebrun, Buades, Morel, SIAM J. Imaging Sciences 2013) takes the best linear combinations
of the *values* of a patch, Y W', the patches being samples of one Gaussian:

    a pilot X:     W = C (C + s I)^-1,    C = X' X / k,    s the mean noise variance of a value

Either comes to believe its own errors when it is its own pilot; their mean does less so. In
colour, NL-Ridge errs differently again where brightness and two differences of colours, which
hardly follow each other, each have weights of their own.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from dipcli.patches.inverses import inverse

RECORRUPTION = 0.05  # a
BELIEF = 0.9  # of s: the pilot has lost some of C. 0.8 gains 0.02 dB at sigma 25, 1 at sigma 10
TOWARDS_BAYES = 0.55  # 0.5 loses 0.02 dB at sigma 10, 0.6 at sigma 50; 0 loses 0.1, 1 0.15

# Brightness, red against blue, green against both; orthonormal, so that noise stays as it is
OPPONENT = torch.tensor([[1.0, 1.0, 1.0], [1.0, 0.0, -1.0], [1.0, -2.0, 1.0]])
OPPONENT /= OPPONENT.norm(dim=1, keepdim=True)

# The pilots (N, k, m) or None, the noisy groups (N, k, m), both about their means, the noise
# variances summed over each patch (N, k, 1) and over how many values n: more than m where patches
# are compact -> the estimates (N, k, m) and the share of the noise left in them, (N, k, 1) or
# (N, 1, 1) if it is the same for all. They may write into the noisy groups.
GroupEstimator = Callable[[Tensor | None, Tensor, Tensor, int], tuple[Tensor, Tensor]]


def ridge(X: Tensor | None, Y: Tensor, D: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """NL-Ridge, with a pilot or without."""
    return ridge_sure(Y, D) if X is None else ridge_with_pilot(X, Y, D)


def ridge_sure(Y: Tensor, D: Tensor) -> tuple[Tensor, Tensor]:
    """NL-Ridge without a pilot: Theta Y and |theta_i|^2."""
    eye = torch.eye(Y.shape[1], device=Y.device)
    inner = torch.baddbmm(torch.diag_embed(RECORRUPTION * D[..., 0]), Y, Y.mT)
    theta = eye - (1 + RECORRUPTION) * D * inverse(inner)
    return theta @ Y, theta.square().sum(2, keepdim=True)


def ridge_with_pilot(X: Tensor, Y: Tensor, D: Tensor) -> tuple[Tensor, Tensor]:
    """NL-Ridge with a pilot: the same two, through the n x n form of the same inverse.

    X X' (X X' + D)^-1 = X M X' D^-1,   M = (X' D^-1 X + I)^-1

    and |theta_i|^2 is the diagonal of X M (X' D^-2 X) M X'.
    """
    scaled = (X / D).mT
    M = inverse(plus_diagonal(scaled @ X, 1.0))
    left = (X @ (M @ (scaled @ scaled.mT) @ M)).mul_(X).sum(2, keepdim=True)
    return X @ (M @ (scaled @ Y)), left


def even_ridge(X: Tensor | None, Y: Tensor, D: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """NL-Ridge with a pilot where the noise of a group is even: d = mean D, Theta Y = X P,

    P = (X' X + d I)^-1 X' Y, and |theta_i|^2.
    """
    X = given(X)
    d = D.mean(1, keepdim=True)
    inverted = inverse(plus_diagonal(X.mT @ X, d))
    return X @ (inverted @ (X.mT @ Y)), left_in_each(X, inverted, d)


def nl_bayes(X: Tensor | None, Y: Tensor, D: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """NL-Bayes with a pilot: Y W' and |W|^2 / n, W' = I - k s (X' X + k s I)^-1."""
    X = given(X)
    loading = BELIEF * X.shape[1] / n * D.mean(1, keepdim=True)
    inverted = inverse(plus_diagonal(X.mT @ X, loading))
    left = passed(inverted, loading) / n
    return Y @ complement(inverted, loading), left


def ridge_bayes_mean(X: Tensor | None, Y: Tensor, D: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """The mean of NL-Ridge and NL-Bayes, with a pilot, where the noise of a group is even.

    Their SURE does not tell which is better. One inverse serves both, with a geometric mean of
    what either adds to the diagonal: no dB less than with two, in a sixth less of the time.
    """
    X = given(X)
    d = D.mean(1, keepdim=True) * (BELIEF * X.shape[1] / n) ** TOWARDS_BAYES
    inner = X.mT @ X
    inverted = inverse(plus_diagonal(inner, d))
    left = left_in_each(X, inverted, d) + passed(inverted, d) / n
    combination = inverted @ (X.mT @ Y)
    estimate = torch.baddbmm(X @ combination, Y, complement(inverted, d))
    return estimate.mul_(0.5), left / 2


def given(X: Tensor | None) -> Tensor:
    """The pilots, without which no Gaussian is learnt."""
    if X is None:
        raise ValueError("a Gaussian is learnt from pilots")
    return X


def plus_diagonal(A: Tensor, d: Tensor | float) -> Tensor:
    """A + d I, in place; A: (N, m, m), d: a number or (N, 1, 1)."""
    diagonal = A.diagonal(dim1=1, dim2=2)
    diagonal += d if isinstance(d, float) else d[:, :, 0]
    return A


def left_in_each(X: Tensor, inverted: Tensor, d: Tensor) -> Tensor:
    """|theta_i|^2 of the even ridge, (N, k, 1): the diagonal of X (R - d R^2) X', R the inverse."""
    return (X @ torch.baddbmm(inverted, inverted, inverted * -d)).mul_(X).sum(2, keepdim=True)


def complement(inverted: Tensor, d: Tensor) -> Tensor:
    """I - d inverted, in place."""
    return plus_diagonal(inverted.mul_(-d), 1.0)


def passed(inverted: Tensor, d: Tensor) -> Tensor:
    """|I - d inverted|^2, (N, 1, 1): the noise that passes, of as many values as there are rows."""
    trace = inverted.diagonal(dim1=1, dim2=2).sum(1)[:, None, None]
    squares = inverted.square().sum((1, 2), keepdim=True)
    return (inverted.shape[1] - 2 * d * trace + d.square() * squares).clamp_min(0)
