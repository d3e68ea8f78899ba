"""The deep decoder (Heckel and Hand, ICLR 2019): no convolution sees a neighbour.

What neighbours share comes from the enlargements alone. It has fewer weights than the picture has
values, and so cannot learn noise: it needs no early stop.
"""

from __future__ import annotations

from torch import Tensor, nn

from dipcli.architecture import NetworkSettings
from dipcli.prior.networks.layers import convolution, enlarge, normalisation


class DecoderLevel(nn.Module):
    """One layer of the decoder, with all coarser layers inside it."""

    def __init__(self, settings: NetworkSettings, inputs: int, level: int = 0) -> None:
        """`inputs` channels come in at the coarsest level; 0 is full resolution."""
        super().__init__()
        last = level == settings.levels - 1
        below = inputs if last else settings.channels[level + 1]
        own = settings.channels[level]
        self.inner = nn.Identity() if last else DecoderLevel(settings, inputs, level + 1)
        self.mix = convolution(below, own, 1, "zero", bias=False)
        self.mode = settings.per_level("upsample")[level] if level else ""  # the finest is full
        self.after = nn.Sequential(nn.ReLU(), normalisation(own, settings.norm))

    def forward(self, x: Tensor) -> Tensor:
        """(1, inputs, h, w) at the coarsest level -> what this level gives the next finer one."""
        mixed = self.mix(self.inner(x))
        found: Tensor = self.after(enlarge(mixed, self.mode) if self.mode else mixed)
        return found
