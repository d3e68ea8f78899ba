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

from dipcli.prior.inverses import inverse

REACH = 16.0  # pixels, the window's standard deviation; 8 and 32 lose 0.005 dB
CAUTION = 0.3  # a; 0 and 1 lose 0.005 dB
LARGEST = 1.2  # of d
LEAST = 1e-12  # of a squared difference, so that estimates may be the same


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
    differences, error = trial.differences(), truth - trial.mixed
    count, (height, width) = len(differences), truth.shape[-2:]
    products = torch.stack([windowed(a * b) for a in differences for b in differences])
    gram = products.view(count, count, -1).permute(2, 0, 1)
    gram = gram + torch.diag_embed(CAUTION * gram.diagonal(dim1=1, dim2=2) + LEAST)
    target = torch.stack([windowed(a * error[0]) for a in differences]).view(count, -1).t()
    d = (inverse(gram) @ target[..., None])[..., 0].clamp(-LARGEST, LARGEST)
    return d.t().reshape(count, 1, height, width)


def windowed(image: Tensor) -> Tensor:
    """The mean over the channels of (C, H, W), and over the window around each pixel: (H, W)."""
    reach = math.ceil(3 * REACH)
    at = torch.arange(-reach, reach + 1, dtype=image.dtype, device=image.device)
    window = torch.exp(-0.5 * (at / REACH) ** 2)
    mean = image.mean(0)[None, None]
    for shape in ((1, 1, 1, -1), (1, 1, -1, 1)):
        kernel = window.view(shape)
        padding = (kernel.shape[2] // 2, kernel.shape[3] // 2)
        inside = F.conv2d(torch.ones_like(mean), kernel, padding=padding)
        mean = F.conv2d(mean, kernel, padding=padding) / inside
    return mean[0, 0]
