"""Small pictures as the papers' own were made: MATLAB's `imresize(picture, 1/scale)` to the bit.

It reduces the columns, rounds to bytes, and then the rows. The pairs of Set5 that are handed
around come out byte for byte, so other scales can be made of the large pictures alone.
"""

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


def cut(picture: Pixels, scale: int) -> Pixels:
    """The picture, (H, W, ...), without the rows and columns beyond a multiple of `scale`."""
    height, width = (scale * (side // scale) for side in picture.shape[:2])
    return picture[:height, :width]


def imresize(picture: Pixels, scale: int) -> Pixels:
    """Bicubic with antialiasing: (H, W, ...) -> (H / scale, W / scale, ...), multiples of scale."""
    from dipcli.degradation.operators import reduction

    for axis in (0, 1):
        matrix = reduction(picture.shape[axis] // scale, scale, "bicubic").numpy()
        lines = np.moveaxis(np.tensordot(matrix, picture.astype(np.float64), (1, axis)), 0, axis)
        picture = np.floor(np.clip(lines, 0, 255) + 0.5).astype(np.uint8)
    return picture
