"""A picture without its impulses: what they hit is lost, and filled like lost pixels.

Channels may be hit apart; then what is left of a pixel tells what was lost of it.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from dipcli.degradation.noise import Noise
from dipcli.prior.completion import completions


def estimates(
    y: Tensor,
    mask: Tensor,
    passes: int,
    stride: int,
    reached: tuple[int, Tensor] | None = None,
) -> Iterator[Tensor]:
    """The picture filled better and better, (1, C, H, W); values not in the mask are those of y.

    y: (1, C, H, W) in [0, 1]; mask: (1, C, H, W) bool, True where an impulse hit; passes and
    stride: as `dip inpaint` has them for scattered pixels. reached: how many passes were made and
    what they gave, to go on from there.
    """
    yield from completions(y, known(mask, y), passes, stride, reached=reached)


def known(mask: Tensor, like: Tensor) -> Tensor:
    """1 where no impulse hit: (1, 1, H, W) if all channels were hit together, else (1, C, H, W)."""
    kept = (~mask).to(like.dtype)
    together = bool((mask == mask[:, :1]).all())
    return kept[:, :1] if together else kept


def renoised(filled: Tensor, mask: Tensor, noise: Noise, seed: int = 0) -> Tensor:
    """The filled values made as noisy as the others, (1, C, H, W), for a denoiser.

    It would take values without noise for detail, and the picture for less noisy than it is.
    """
    if noise.clean:
        return filled
    generator = torch.Generator().manual_seed(seed)
    return torch.where(mask, noise.drawn(noise.unclipped(filled), generator), filled)
