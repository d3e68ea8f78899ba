"""What most of the patches of a picture's part are made of.

A patch hardly ever needs all of its values: the two thirds of its principal directions along which
the pilot's patches vary most hold nearly all. Groups are estimated in these, which takes half of
the products; and since nothing is learnt of the others, where a group would learn noise, pictures
gain 0.1 dB. Along the others each patch by itself is weighted by Wiener's rule, with the pilot for
the signal (as in BM3D's second step: Dabov et al. 2007), so that what is rare in the part is not
lost. The signal is what differs from the mean patch, or flat colours would keep their noise. A
number of directions that follows the noise is no better, and a device had to wait for it.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from dipcli.patches.rows import patch_rows

KEPT = 2 / 3  # of the directions; a half loses 0.3 dB where weak noise lies on dense drawings
LEAST = 16  # values of a patch that is worth it
CAUTION = 3.0  # times the noise variance, along the other directions; 1 loses 0.2 dB, 5 too
SAMPLED = 2  # pixels between the patches that tell the directions


@dataclass(frozen=True)
class Compact:
    """Patches along their principal directions."""

    patches: tuple[Tensor, Tensor]  # the noisy ones and the pilot's, (P, m)
    rest: Tensor  # (P, n - m) the estimates along the other directions
    directions: Tensor  # (n, n) orthonormal, the strongest first

    def whole(self, values: Tensor, weights: Tensor) -> Tensor:
        """Weighted estimates of whole patches, (P, n), from those along the directions, (P, m)."""
        return torch.cat([values, self.rest * weights], 1) @ self.directions.t()


def compacted(noisy: Tensor, pilot: Tensor, p: int, variance: Tensor) -> Compact | None:
    """Of all p x p patches of a picture and of its pilot, (1, C, h, w) each.

    variance: (P, 1) of the noise of a value. None where nothing is won, and on MPS, which has no
    eigenvectors.
    """
    n = noisy.shape[1] * p * p
    if n < LEAST or noisy.device.type == "mps":
        return None
    some = F.unfold(pilot, p, stride=SAMPLED)[0]
    middle = some.mean(1, keepdim=True)
    some = some - middle
    directions, m = torch.linalg.eigh(some @ some.t()).eigenvectors.flip(1), int(KEPT * n)
    most, others = directions[:, :m], directions[:, m:]
    shared = middle.t() @ others  # what all patches have; as a signal it kept noise in flat colours
    signal = (patch_rows(pilot, p, others) - shared).square_()
    rest = (patch_rows(noisy, p, others) - shared).mul_(signal / (signal + CAUTION * variance))
    kept = patch_rows(noisy, p, most), patch_rows(pilot, p, most)
    return Compact(kept, rest.add_(shared), directions)
