"""How far a result is from the ground truth."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

    from dipcli.stream.step import Step


class Reference:
    """A ground truth, (H, W, C) float32 in [0, 1], that steps and results are measured against."""

    def __init__(self, pixels: NDArray[np.float32]) -> None:
        """Keep the pixels; they go to the device with the first step that is looked at."""
        self.pixels = pixels
        self._tensor: Tensor | None = None

    def psnr(self, step: Step) -> float | None:
        """PSNR of the step's estimate in dB; None while it has another size. Syncs the device."""
        import torch

        if self._tensor is None:
            channels_first = np.ascontiguousarray(self.pixels.transpose(2, 0, 1)[None])
            self._tensor = torch.from_numpy(channels_first).to(step.estimate.device)
        if step.estimate.shape != self._tensor.shape:
            return None
        return _decibel(float((step.estimate.float() - self._tensor).square().mean()))

    def measure(self, image: NDArray[np.float32]) -> dict[str, float | None]:
        """PSNR (dB) and SSIM of a result of the same shape; None where they do not exist."""
        from skimage.metrics import structural_similarity

        psnr = _decibel(float(np.mean((image - self.pixels) ** 2, dtype=np.float64)))
        side = min(7, *image.shape[:2])  # the usual window, smaller in tiny pictures
        side -= 1 - side % 2
        if side < 3:
            return {"psnr": psnr, "ssim": None}
        ssim = structural_similarity(
            image, self.pixels, data_range=1.0, channel_axis=-1, win_size=side
        )
        return {"psnr": psnr, "ssim": float(ssim)}


def _decibel(mean_square: float) -> float | None:
    """PSNR of a mean square error against a range of 1; None for equal pictures."""
    return -10 * math.log10(mean_square) if mean_square > 0 else None
