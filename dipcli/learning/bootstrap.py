"""How far to believe which of several estimates, and where: learnt on a picture like this one.

Parametric bootstrap (Efron, Tibshirani, An Introduction to the Bootstrap, 1993, section 6.5):
the result is taken for the truth, noise is drawn anew and all estimates E_i are made again, so
that their errors are known. Around each pixel, in a Gaussian window w,

    d = argmin  sum w |x - m - sum_i d_i (E_i - m)|^2 + a sum_i d_i^2 sum w |E_i - m|^2,

x being the truth and m the usual mixture, tells how far to go from m towards each E_i; the first
mixture is corrected by the same d.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from dipcli.patches.inverses import inverse

WINDOW_SIGMA = 16.0  # pixels, the window's standard deviation; 8 and 32 lose 0.005 dB
CAUTION = 0.3  # a; 0 and 1 lose 0.005 dB
LARGEST = 1.2  # of d
LEAST_SQUARE = 1e-12  # of a squared difference, so that estimates may be the same


@dataclass(frozen=True)
class Trial:
    """What was made of one observation: the usual mixture, (1, C, H, W), and the estimates that
    disagree, (K, C, H, W)."""

    mixed: Tensor
    estimates: Tensor

    def differences(self) -> Tensor:
        """How far each estimate is from the mixture, (K, C, H, W)."""
        return self.estimates - self.mixed


def corrected(first: Trial, again: Trial, truth: Tensor) -> Tensor:
    """The mixture of `first` moved as that of `again` has to be to come nearest to `truth`.

    truth: (1, C, H, W), what `again` is made of; the same estimates in the same order in both.
    """
    d = first.differences()
    return first.mixed + (corrections(again, truth) * d).sum(0, keepdim=True)


def corrections(trial: Trial, truth: Tensor) -> Tensor:
    """d of every estimate and pixel, (K, 1, H, W)."""
    d = trial.differences()
    count, channels, height, width = d.shape
    products = torch.einsum("ichw,jchw->ijhw", d, d) / channels
    targets = torch.einsum("ichw,chw->ihw", d, (truth - trial.mixed)[0]) / channels
    gram = windowed(products.flatten(0, 1)).view(count, count, -1).permute(2, 0, 1)
    gram = gram + torch.diag_embed(CAUTION * gram.diagonal(dim1=1, dim2=2) + LEAST_SQUARE)
    target = windowed(targets).view(count, -1, 1).transpose(0, 1)
    found = (inverse(gram) @ target).clamp(-LARGEST, LARGEST)
    return found.transpose(0, 1).reshape(count, 1, height, width)


def windowed(planes: Tensor) -> Tensor:
    """The mean over the window around each pixel, (N, H, W), by what of it lies inside."""
    reach = math.ceil(3 * WINDOW_SIGMA)
    at = torch.arange(-reach, reach + 1, dtype=planes.dtype, device=planes.device)
    window = torch.exp(-0.5 * (at / WINDOW_SIGMA) ** 2)

    def summed(plane: Tensor) -> Tensor:
        across = F.conv2d(plane[None, None], window.view(1, 1, 1, -1), padding=(0, reach))
        return F.conv2d(across, window.view(1, 1, -1, 1), padding=(reach, 0))[0, 0]

    inside = summed(torch.ones_like(planes[0]))
    # one by one: all at once take 20 times the memory
    return torch.stack([summed(plane) / inside for plane in planes])
