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

# Brightness, red against blue, green against both; orthonormal, so that noise stays as it is
OPPONENT = torch.tensor([[1.0, 1.0, 1.0], [1.0, 0.0, -1.0], [1.0, -2.0, 1.0]])
OPPONENT /= OPPONENT.norm(dim=1, keepdim=True)

# The pilots (N, k, n) or None, the noisy groups (N, k, n), both about their means, and the noise
# variances (N, k, 1) -> the estimates (N, k, n) and the share of the noise left in them (N, k, 1).
GroupEstimator = Callable[[Tensor | None, Tensor, Tensor], tuple[Tensor, Tensor]]


def ridge(X: Tensor | None, Y: Tensor, D: Tensor) -> tuple[Tensor, Tensor]:
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
    eye = torch.eye(X.shape[2], device=X.device)
    scaled = (X / D).mT
    M = inverse((scaled @ X).add_(eye))
    left = (X @ (M @ (scaled @ scaled.mT) @ M)).mul_(X).sum(2, keepdim=True)
    return X @ (M @ (scaled @ Y)), left


def nl_bayes(X: Tensor | None, Y: Tensor, D: Tensor) -> tuple[Tensor, Tensor]:
    """NL-Bayes with a pilot: Y W' and |W|^2 / n, the same for all patches of a group."""
    if X is None:
        raise ValueError("a Gaussian is learnt from pilots")
    k, n = Y.shape[1:]
    s = BELIEF / n * D.mean(1, keepdim=True)
    C = X.mT @ X / k
    W = C @ inverse(C + s * torch.eye(n, device=Y.device))
    left = W.square().sum((1, 2), keepdim=True) / n
    return Y @ W.mT, left.expand(-1, k, -1)


def ridge_bayes_mean(X: Tensor | None, Y: Tensor, D: Tensor) -> tuple[Tensor, Tensor]:
    """The mean of NL-Ridge and NL-Bayes, with a pilot; their SURE does not tell which is better."""
    (one, left), (other, also_left) = ridge(X, Y, D), nl_bayes(X, Y, D)
    return one.lerp(other, 0.5), left.lerp(also_left, 0.5)


def ridge_per_channel(X: Tensor | None, Y: Tensor, D: Tensor) -> tuple[Tensor, Tensor]:
    """NL-Ridge for each of three opponent colours by itself."""
    return per_opponent_channel(ridge, X, Y, D)


def nl_bayes_per_channel(X: Tensor | None, Y: Tensor, D: Tensor) -> tuple[Tensor, Tensor]:
    """NL-Bayes for each of three opponent colours by itself, with a pilot."""
    return per_opponent_channel(nl_bayes, X, Y, D)


def per_opponent_channel(
    combine: GroupEstimator, X: Tensor | None, Y: Tensor, D: Tensor
) -> tuple[Tensor, Tensor]:
    """An estimator for each opponent colour by itself; n = 3 p^2, colour by colour."""

    def split(A: Tensor) -> Tensor:
        colours = OPPONENT.to(A.device) @ A.view(*A.shape[:2], 3, -1)
        return colours.transpose(1, 2).flatten(0, 1)  # (3 N, k, p^2)

    N, k, n = Y.shape
    X = None if X is None else split(X)
    one, left = combine(X, split(Y), (D / 3).repeat_interleave(3, 0))
    colours = one.view(N, 3, k, -1).transpose(1, 2)
    return (OPPONENT.t().to(Y.device) @ colours).reshape(N, k, n), left.view(N, 3, k, 1).mean(1)
