"""Which patches are alike: found by products of matrices.

|a - b|^2 = |a|^2 - 2 a'b + |b|^2, and a'b of many references and all patches around them is one
product: at 512x512 it takes a third of the time of differences, shift by shift.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

BLOCK = 8  # references on a side whose distances are one product; 4 and 16 take longer
LARGE_BLOCK = 16  # the same on a device that likes few and large products
NEVER = 1e9  # the distance to a patch that does not exist


def nearest(guide: Tensor, rows: range, columns: range, p: int, radius: int, count: int) -> Tensor:
    """For each reference patch, the places of the `count` patches nearest to it: (N, k).

    guide: (1, G, h, w); reference patches begin at each of rows and columns. A place is the index
    of a patch among all (h-p+1) (w-p+1), at most `radius` pixels away, in any order. Distances are
    sums of squares over p x p and G. k is less where there are not so many, and where too few lie
    inside for one reference the patch itself comes again.
    """
    across, side = guide.shape[3] - p + 1, 2 * radius + 1
    count = min(count, (guide.shape[2] - p + 1) * across, side * side)
    patches, halves = described(guide, p, radius)
    reach = torch.arange(side, device=guide.device) - radius
    shifts = (reach[:, None] * across + reach).flatten()
    block = BLOCK if guide.device.type == "cpu" else LARGE_BLOCK
    found = []
    for up in range(0, len(rows), block):
        for left in range(0, len(columns), block):
            some = rows[up : up + block], columns[left : left + block]
            distances = block_distances(patches, halves, *some, radius)
            distances[:, side * side // 2] = -NEVER  # the patch itself is one of them
            best = distances.topk(count, largest=False, sorted=False)
            ups, lefts = (torch.tensor(list(one), device=guide.device) for one in some)
            places = (ups[:, None] * across + lefts).reshape(-1, 1)
            usable = best.values < NEVER / 2
            found.append(places + torch.where(usable, shifts[best.indices], 0))
    rows_of_blocks = in_order(found, len(rows), len(columns), block)
    return torch.cat(rows_of_blocks)


def described(guide: Tensor, p: int, radius: int) -> tuple[Tensor, Tensor]:
    """All patches of the guide, (G p p, H, W), and half of their squares, (H, W).

    With `radius` more on each side, where no patch is.
    """
    around = (radius,) * 4
    centred = guide - guide.mean((2, 3), keepdim=True)  # small numbers lose less
    height, width = guide.shape[2] - p + 1, guide.shape[3] - p + 1
    values = F.unfold(centred, p).view(-1, height, width)
    halves = values.square().sum(0).mul_(0.5)
    return F.pad(values, around), F.pad(halves, around, value=NEVER)


def block_distances(
    patches: Tensor, halves: Tensor, rows: range, columns: range, radius: int
) -> Tensor:
    """Half of the distance of each reference to each patch around it, less what is the same for
    all of them: (N, side side). patches, halves: as `described`.
    """
    n, side = len(patches), 2 * radius + 1
    up, left = rows[0], columns[0]
    height, width = rows[-1] - up + side, columns[-1] - left + side
    window = patches[:, up : up + height, left : left + width].reshape(n, -1)
    references = patches[
        :,
        up + radius : up + radius + height - side + 1 : rows.step,
        left + radius : left + radius + width - side + 1 : columns.step,
    ].reshape(n, -1)
    constant = halves[up : up + height, left : left + width].reshape(1, -1)
    all_pairs = torch.addmm(constant, references.t(), window, alpha=-1)
    down, across = len(rows), len(columns)
    size = height * width  # each reference sees another part of its row
    steps = (across * size + rows.step * width, size + columns.step, width, 1)
    return all_pairs.as_strided((down, across, side, side), steps).reshape(down * across, -1)


def in_order(found: list[Tensor], rows: int, columns: int, block: int) -> list[Tensor]:
    """What was found block by block, row by row of references."""
    wide = -(-columns // block)
    ordered = []
    for first in range(0, len(found), wide):
        tall = min(block, rows - first // wide * block)
        parts = [part.view(tall, -1, part.shape[1]) for part in found[first : first + wide]]
        ordered.append(torch.cat(parts, 1).flatten(0, 1))
    return ordered
