"""A picture as a model sees it: the middle of it that has the right proportions, resized."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def framed(values: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """The middle of (H, W, C) in the proportions of (H, W) = `size`, resized to it by Lanczos.

    What has this size already comes back as it is.
    """
    if values.shape[:2] == size:
        return values
    values = in_proportion(values, size)
    channels = [
        Image.fromarray(np.ascontiguousarray(values[..., c], np.float32)).resize(
            size[::-1], Image.Resampling.LANCZOS
        )
        for c in range(values.shape[2])
    ]
    resized = np.stack([np.asarray(one, np.float32) for one in channels], -1)
    return np.asarray(np.clip(resized, 0, 1), np.float32)


def in_proportion(values: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """The middle of (H, W, ...) in the proportions of (H, W) = `size`, to the pixel."""
    height, width = values.shape[:2]
    share = min(height / size[0], width / size[1])
    high, wide = max(1, round(size[0] * share)), max(1, round(size[1] * share))
    top, left = (height - high) // 2, (width - wide) // 2
    return values[top : top + high, left : left + wide]
