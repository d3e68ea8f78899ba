"""Pictures of another size, by interpolation: where nothing better is known yet."""

from torch import Tensor
from torch.nn import functional as F


def enlarged(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Interpolated bicubically to (H, W) = `size`, between 0 and 1."""
    return F.interpolate(x, size, mode="bicubic", align_corners=False).clamp(0, 1)
