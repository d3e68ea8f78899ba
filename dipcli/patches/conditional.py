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
from dipcli.patches.passes import Pass, at_once, covered, opponent, tiles
from dipcli.patches.rows import patch_rows
from dipcli.patches.tiles import Tile

DIAGONAL_LOADING = (
    1 / 255
) ** 2  # added to C and taken for the noise e of what is known; 3: -0.1 dB


def conditional(y: Tensor, known: Tensor, filling: Tensor, wanted: Pass) -> Tensor:
    """A better filling than `filling`, (1, C, H, W) each; known pixels are those of y.

    known: (1, 1, H, W), 1 known, 0 hole; then each channel is filled by itself, three as
    opponent colours. Or (1, C, H, W), where channels were lost apart: then from one another,
    too. All have the same groups.
    """
    p, whole = covered(y, wanted)
    apart = known.shape[1] > 1
    together = y.shape[1] if apart else 1  # channels whose values make one patch
    images = [extend(image, whole) for image in (filling, torch.where(known > 0, y, filling))]
    mixed = y.shape[1] == 3 and not apart
    pilots, values = (opponent(image) if mixed else image for image in images)
    inside = extend(known, whole)

    def work(tile: Tile) -> tuple[Tensor, Tensor]:
        own = (..., *tile.references)
        size = (inside[own].shape[2], inside[own].shape[3])
        K = observed(inside[own], p, wanted.stride)
        found = []
        for channel in range(0, y.shape[1], together):
            some = slice(channel, channel + together)
            X = patch_rows(tile.of(pilots[:, some]), p)
            Y = observed(values[:, some][own], p, wanted.stride)
            found.append(put(expected(X, Y, K, tile.groups), size, p, wanted.stride))
        return torch.cat(found, 1), put(torch.ones_like(K), size, p, wanted.stride)

    sums, counts = torch.zeros_like(pilots), torch.zeros_like(inside)
    for tile, (some, how_many) in tiles(images[0].mean(1, keepdim=True), p, wanted, work):
        sums[(..., *tile.references)] += some
        counts[(..., *tile.references)] += how_many
    found = sums / counts.clamp_min(1)
    found = torch.where(counts > 0, opponent(found, back=True) if mixed else found, images[0])
    return torch.where(known > 0, y, found[..., : y.shape[2], : y.shape[3]].clamp(0, 1))


def expected(X: Tensor, Y: Tensor, K: Tensor, index: Tensor) -> Tensor:
    """What is expected of N patches of n values given their known ones, (N, n).

    X: (P, n) all patches of the filling; Y, K: (N, n) the patches observed, and what of them is
    known; index: (N, k) their groups.
    """
    n = X.shape[1]
    found = torch.empty_like(Y)
    known = K.sum(1)
    order = known.argsort()  # those with as many known values are solved together
    for some in torch.split(order, at_once(index, n)):
        places = index.index_select(0, some)
        group = X.index_select(0, places.reshape(-1)).view(*places.shape, n)
        m = group.mean(1, keepdim=True)
        group -= m
        C = torch.bmm(group.mT, group).div_(places.shape[1])
        C.diagonal(dim1=1, dim2=2).add_(DIAGONAL_LOADING)
        on_cpu = X.device.type == "cpu"  # elsewhere it had to be waited for
        most = max(1, int(known[some[-1]])) if on_cpu else n
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


def put(values: Tensor, size: tuple[int, int], p: int, stride: int) -> Tensor:
    """Values, (N, C p p), of the patches at every `stride`, summed where they lie, (1, C, h, w)."""
    return F.fold(values.t()[None], size, p, stride=stride)
