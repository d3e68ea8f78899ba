"""What lies beyond the edge of a picture, as an index of the rows (or columns) to repeat."""

import torch
from torch import Tensor

BORDERS = ("replicate", "reflect", "symmetric")


def extend_index(n: int, before: int, after: int, border: str) -> Tensor:
    """Indices into 0..n-1 that extend a line of n values on both sides; any n >= 1.

    replicate: aaa|abcd|ddd; reflect: dcb|abcd|cba; symmetric: cba|abcd|dcb.
    Returns (before + n + after,) int64 on the CPU.
    """
    index = torch.arange(-before, n + after)
    if border == "replicate" or n == 1:
        return index.clamp(0, n - 1)
    period = 2 * n if border == "symmetric" else 2 * n - 2
    index = index.remainder(period)
    return torch.minimum(index, period - index - (1 if border == "symmetric" else 0))


def extend(x: Tensor, size: tuple[int, int], border: str = "reflect") -> Tensor:
    """(..., h, w) continued below and to the right up to (..., H, W) = `size`."""
    h, w = x.shape[-2:]
    rows = extend_index(h, 0, size[0] - h, border).to(x.device)
    columns = extend_index(w, 0, size[1] - w, border).to(x.device)
    return x.index_select(-2, rows).index_select(-1, columns)
