"""The inverses of many small positive definite matrices at once.

A^-1 = W' W, W = L^-1, A = L L' (Cholesky). LAPACK takes one matrix after the other, 3.4
microseconds for one of 24x24 where it need not wake other threads, block by block it takes 5.5. A
device that likes few and large operations has nearly all of it as products of many matrices.
"""

from __future__ import annotations

import torch
from torch import Tensor

ONE_BY_ONE = 8  # values: smaller matrices are eliminated row by row
DIAGONAL_LOADING = 1e-6  # added to the diagonal before an inversion, as a share of its mean


def inverse(matrices: Tensor) -> Tensor:
    """The inverses of small positive definite matrices, (N, n, n), which are changed a little:
    alike patches make them singular to float32, and a millionth on the diagonal keeps them from it.
    """
    diagonal = matrices.diagonal(dim1=1, dim2=2)
    least = DIAGONAL_LOADING * diagonal.mean(1)
    diagonal += least[:, None]
    if matrices.device.type != "cpu":
        W = whitening(matrices, least)
        return W.mT @ W
    L, failed = torch.linalg.cholesky_ex(matrices)
    singular = failed.nonzero()[:, 0]
    L[singular] = torch.eye(L.shape[1])
    found = torch.cholesky_inverse(L)
    if len(singular):
        W = whitening(matrices[singular], least[singular])
        found[singular] = W.mT @ W
    return found


def whitening(A: Tensor, least: Tensor) -> Tensor:
    """W with W A W' = I, lower triangular, for positive definite A, (N, n, n).

    least: (N,), below which no pivot falls, however the sums before it were rounded.
    """
    n = A.shape[1]
    if n <= ONE_BY_ONE:
        return eliminated(A, least)
    h = n // 2
    upper = whitening(A[:, :h, :h], least)
    L = A[:, h:, :h] @ upper.mT
    lower = whitening(torch.baddbmm(A[:, h:, h:], L, L.mT, alpha=-1), least)
    W = torch.zeros_like(A)
    W[:, :h, :h], W[:, h:, h:] = upper, lower
    W[:, h:, :h] = -(lower @ (L @ upper))
    return W


def eliminated(A: Tensor, least: Tensor) -> Tensor:
    """The same for very small n: elimination row by row, every operation on all N at once."""
    A = A.permute(1, 2, 0).contiguous()  # (n, n, N)
    W = torch.eye(len(A), device=A.device)[..., None].repeat(1, 1, A.shape[2])
    for i in range(len(A)):
        scale = A[i, i].maximum(least).rsqrt()
        W[i, : i + 1] *= scale
        row, factor = A[i, i + 1 :] * scale, (A[i + 1 :, i] * scale)[:, None]
        A[i + 1 :, i + 1 :] -= factor * row
        W[i + 1 :, : i + 1] -= factor * W[i, : i + 1]
    return W.permute(2, 0, 1)
