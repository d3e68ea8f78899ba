"""What a picture teaches about enlarging: it and smaller copies of it, reduced and enlarged again.

(Shocher, Cohen, Irani 2018, section 3.1: the copies, turned and mirrored, are all there is to
learn from.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from dipcli.degradation.borders import extend
from dipcli.degradation.operators import Downsample
from dipcli.degradation.resizing import enlarged

SIZES = (1.0, 0.85, 0.7, 0.6)  # copies to learn from; the whole alone: bird x4 0.7 dB less
LEAST_SIDE = 16  # pixels: the shortest side of a copy
CROP = 48  # pixels: the side of the parts that are learnt together
BATCH = 4  # parts; 8 of side 32, or 2 of 64: 0.03 to 0.05 dB less

Pair = tuple[Tensor, Tensor]  # a picture, and what is left of it once reduced and enlarged


def examples(pictures: Sequence[Tensor], kernel: Downsample) -> list[Pair]:
    """`pictures`, (1, C, h, w) each, in all sizes, and what `kernel` leaves of them."""
    truths = [one for whole in pictures for one in copies(whole, kernel.scale)]
    return [(one, enlarged(kernel(one), (one.shape[2], one.shape[3]))) for one in truths]


def sample_batch(pairs: Sequence[Pair], generator: torch.Generator) -> Pair:
    """BATCH parts, each of any pair, anywhere in it, turned and mirrored in any way.

    Larger pictures are drawn more often. The parts are squares, (BATCH, C, side, side).
    """
    areas = torch.tensor([float(truth[0, 0].numel()) for truth, _ in pairs])
    indices = torch.multinomial(areas, BATCH, replacement=True, generator=generator)
    chosen = [pairs[index] for index in indices.tolist()]
    side = min(CROP, *(n for truth, _ in chosen for n in truth.shape[-2:]))
    parts = []
    for truth, reduced in chosen:
        h, w = truth.shape[-2:]
        top, left, turns, mirrored = (
            int(torch.randint(n, (1,), generator=generator))
            for n in (h - side + 1, w - side + 1, 4, 2)
        )
        both = torch.cat([truth, reduced])[..., top : top + side, left : left + side]
        parts.append(dihedral(both, turns, mirrored))
    truths, reductions = torch.stack(parts, 1)
    return truths, reductions


def copies(whole: Tensor, factor: int) -> Iterator[Tensor]:
    """`whole`, (1, C, h, w), in smaller sizes, continued to multiples of `factor`."""
    for share in SIZES:
        h, w = (round(share * n) for n in whole.shape[-2:])
        if share < 1 and min(h, w) < LEAST_SIDE:
            continue
        small = whole
        if share < 1:
            small = F.interpolate(
                whole.cpu(), (h, w), mode="bicubic", align_corners=False, antialias=True
            )
        multiple = tuple(factor * -(-n // factor) for n in (h, w))
        yield extend(small.clamp(0, 1), (multiple[0], multiple[1])).to(whole.device)


def dihedral(x: Tensor, turns: int, mirrored: int) -> Tensor:
    """By `turns` right angles, then mirrored if so."""
    x = torch.rot90(x, turns, (2, 3))
    return x.flip(3) if mirrored else x


def dihedral_inverse(x: Tensor, turns: int, mirrored: int) -> Tensor:
    """What `dihedral` does, undone."""
    return torch.rot90(x.flip(3) if mirrored else x, -turns, (2, 3))
