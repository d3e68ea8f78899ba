"""Lost pixels from the known ones beside them, as the patches alike to theirs have it.

The patches alike to one are samples of one Gaussian N(m, C), and its lost values are what is
expected of them given its known ones y (Yu, Sapiro, Mallat, IEEE Trans. Image Processing 2012;
a Gaussian for each patch: Aguerrebere et al., SIAM J. Imaging Sciences 2017):

    x = m + C K (K C K + e I)^-1 K (y - m),    K = 1 where known, else 0

m and C come from a first filling; each estimate, put back, gives a better one. The matrix is cut to
its known rows and columns and only solved, not inverted: half of the time of a pass.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from dipcli.degradation.borders import extend
from dipcli.patches.filter import VALUES_AT_ONCE, Pass, banded, covering_length, patch_rows
from dipcli.patches.groups import OPPONENT

DIAGONAL_LOADING = (
    1 / 255
) ** 2  # added to C and taken for the noise e of what is known; 3: -0.1 dB


def conditional(y: Tensor, known: Tensor, filling: Tensor, wanted: Pass) -> Tensor:
    """A better filling than `filling`, (1, C, H, W) each; known pixels are those of y.

    known: (1, 1, H, W), 1 known, 0 hole; then each channel is filled by itself, three as
    opponent colours. Or (1, C, H, W), where channels were lost apart: then from one another,
    too. All have the same groups.
    """
    size = y.shape[-2:]
    p = min(wanted.patch, *size)
    whole = (covering_length(size[0], p, wanted.stride), covering_length(size[1], p, wanted.stride))
    guide = extend(filling, whole).mean(1, keepdim=True)
    apart = known.shape[1] > 1
    colours = OPPONENT.to(y) if y.shape[1] == 3 and not apart else torch.eye(y.shape[1]).to(y)
    inside = extend(known, whole)
    pilots, values = (
        torch.einsum("oc,bchw->bohw", colours, extend(image, whole))
        for image in (filling, torch.where(known > 0, y, filling))
    )
    sums, counts = torch.zeros_like(pilots), torch.zeros_like(inside)
    together = y.shape[1] if apart else 1
    across = whole[1] - p + 1
    for cut, index in banded(guide, p, wanted):
        first, last = (cut.start + int(place) // across for place in index[[0, -1], 0])
        rows = slice(first, last + p)
        K = observed(inside[:, :, rows], p, wanted.stride)
        put(counts[:, :, rows], torch.ones_like(K), p, wanted.stride)
        for channel in range(0, len(colours), together):
            some = slice(channel, channel + together)
            X = patch_rows(pilots[:, some, cut], p)
            Y = observed(values[:, some, rows], p, wanted.stride)
            put(sums[:, some, rows], expected(X, Y, K, index), p, wanted.stride)
    found = torch.einsum("oc,bohw->bchw", colours, sums / counts.clamp_min(1))
    found = torch.where(counts > 0, found, extend(filling, whole))[..., : size[0], : size[1]]
    return torch.where(known > 0, y, found.clamp(0, 1))


def expected(X: Tensor, Y: Tensor, K: Tensor, index: Tensor) -> Tensor:
    """What is expected of N patches of n values given their known ones, (N, n).

    X: (P, n) all patches of the filling; Y, K: (N, n) the patches observed, and what of them is
    known; index: (N, k) their groups.
    """
    n = X.shape[1]
    found = torch.empty_like(Y)
    known = K.sum(1)
    order = known.argsort()  # those with as many known values are solved together
    for some in torch.split(order, max(1, VALUES_AT_ONCE // (index.shape[1] * n))):
        places = index.index_select(0, some)
        group = X.index_select(0, places.reshape(-1)).view(*places.shape, n)
        m = group.mean(1, keepdim=True)
        group -= m
        C = torch.bmm(group.mT, group).div_(places.shape[1])
        C.diagonal(dim1=1, dim2=2).add_(DIAGONAL_LOADING)
        most = max(1, int(known[some[-1]]))
        given, which = K.index_select(0, some).topk(most)  # the known values, filled up with lost
        first = n * torch.arange(len(some), device=X.device)[:, None]  # rows of each matrix
        rows = C.flatten(0, 1).index_select(0, (first + which).flatten()).view(*which.shape, n)
        apart = given * (Y.index_select(0, some) - m[:, 0]).gather(1, which)
        A = rows.gather(2, which[:, None].expand(-1, most, -1))
        A *= given[:, :, None] * given[:, None]
        A.diagonal(dim1=1, dim2=2).add_(DIAGONAL_LOADING * given + (1 - given))
        found[some] = m[:, 0] + (rows.mT @ solved(A, apart[..., None]))[..., 0]
    return found


def solved(A: Tensor, b: Tensor) -> Tensor:
    """A^-1 b for positive definite A, (N, n, n), and b, (N, n, 1), through A = L L'."""
    L = torch.linalg.cholesky_ex(A).L
    half = torch.linalg.solve_triangular(L, b, upper=False)
    found: Tensor = torch.linalg.solve_triangular(L.mT, half, upper=True)
    return found


def observed(image: Tensor, p: int, stride: int) -> Tensor:
    """The p x p patches at every `stride` of (1, C, h, w) as rows: (N, C p p)."""
    return F.unfold(image, p, stride=stride)[0].t()


def put(sums: Tensor, values: Tensor, p: int, stride: int) -> None:
    """Add values, (N, C p p), of the patches at every `stride`, to sums, (1, C, h, w)."""
    sums += F.fold(values.t()[None], sums.shape[-2:], p, stride=stride)
