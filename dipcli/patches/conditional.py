"""Lost pixels from the known ones beside them, as the patches alike to theirs have it.

The patches alike to one are samples of one Gaussian N(m, C), and its lost values are what is
expected of them given its known ones y (Yu, Sapiro, Mallat, IEEE Trans. Image Processing 2012;
a Gaussian for each patch: Aguerrebere et al., SIAM J. Imaging Sciences 2017):

    x = m + C K (K C K + e I)^-1 K (y - m),    K = 1 where known, else 0

m and C come from a first filling; each estimate, put back, gives a better one.
"""

from __future__ import annotations

import torch
from torch import Tensor

from dipcli.degradation.borders import extend
from dipcli.patches.filter import VALUES_AT_ONCE, Pass, banded, covering_length, fold, patch_rows
from dipcli.patches.groups import OPPONENT
from dipcli.patches.inverses import inverse

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
    for cut, index in banded(guide, p, wanted):
        places = index[:, 0]
        K = patch_rows(inside[:, :, cut], p).index_select(0, places)
        put(counts[:, :, cut], torch.ones_like(K), places, p)
        for channel in range(0, len(colours), together):
            some = slice(channel, channel + together)
            X, Y = (patch_rows(image[:, some, cut], p) for image in (pilots, values))
            put(sums[:, some, cut], expected(X, Y.index_select(0, places), K, index), places, p)
    found = torch.einsum("oc,bohw->bchw", colours, sums / counts.clamp_min(1))
    found = torch.where(counts > 0, found, extend(filling, whole))[..., : size[0], : size[1]]
    return torch.where(known > 0, y, found.clamp(0, 1))


def expected(X: Tensor, Y: Tensor, K: Tensor, index: Tensor) -> Tensor:
    """What is expected of N patches of n values given their known ones, (N, n).

    X: (P, n) all patches of the filling; Y, K: (N, n) the patches observed, and what of them is
    known; index: (N, k) their groups.
    """
    n = X.shape[1]
    parts = []
    some = max(1, VALUES_AT_ONCE // (index.shape[1] * n))
    for at in range(0, len(index), some):
        places, y, known = (all_of[at : at + some] for all_of in (index, Y, K))
        group = X.index_select(0, places.reshape(-1)).view(*places.shape, n)
        m = group.mean(1, keepdim=True)
        group -= m
        C = group.mT @ group / places.shape[1]
        C.diagonal(dim1=1, dim2=2).add_(DIAGONAL_LOADING)
        A = known[:, :, None] * C * known[:, None]
        A.diagonal(dim1=1, dim2=2).add_(DIAGONAL_LOADING * known + (1 - known))
        apart = (known * (y - m[:, 0]))[..., None]
        parts.append(m[:, 0] + (C @ (known[..., None] * (inverse(A) @ apart)))[..., 0])
    return torch.cat(parts)


def put(sums: Tensor, values: Tensor, places: Tensor, p: int) -> None:
    """Add values, (N, C p p), to sums, (1, C, h, w), where these patches lie."""
    rows = values.new_zeros((sums.shape[2] - p + 1) * (sums.shape[3] - p + 1), values.shape[1])
    rows.index_add_(0, places, values)
    sums += fold(rows, sums, p)
