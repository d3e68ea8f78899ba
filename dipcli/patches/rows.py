"""All patches of a picture as rows of a matrix, and their sums back where they lie.

Rows are made by a convolution where that is quick: with 3 x 156 x 156 values it takes a sixth of
the time of unfolding and transposing, and gives them along any directions for nothing.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def patch_rows(image: Tensor, p: int, directions: Tensor | None = None) -> Tensor:
    """Every p x p patch of (1, C, h, w) as a row: (P, C p p), or its products with directions.

    directions: (C p p, m), the columns; the result is (P, m) then.
    """
    n = image.shape[1] * p * p
    if image.device.type != "cpu":  # where a convolution may round to ten bits
        rows = F.unfold(image, p)[0].t()
        return rows.contiguous() if directions is None else rows @ directions
    columns = torch.eye(n) if directions is None else directions
    kernels = columns.t().reshape(-1, image.shape[1], p, p)
    nhwc = torch.channels_last
    found = F.conv2d(image.contiguous(memory_format=nhwc), kernels.contiguous(memory_format=nhwc))
    return found.permute(0, 2, 3, 1).reshape(-1, columns.shape[1])


def fold(values: Tensor, size: tuple[int, int], p: int) -> Tensor:
    """Rows of values of p x p patches, (P, C p p), summed where they lie: (1, C, h, w)."""
    return F.fold(values.t()[None], size, p)
