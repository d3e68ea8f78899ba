"""The networks whose structure is the prior.

    skip   the encoder-decoder of Ulyanov et al. 2018, with every option they published
    slim   the same idea at a twentieth of the cost: narrow at full resolution, reduced to
           the next finer level's width before each enlargement, so that nothing wide is
           ever held at full resolution; no bias before a normalisation, zero padding

Both map z, (1, D, H, W), to a picture, (1, C, H, W) in (0, 1), for H and W that are
multiples of 2^levels: `canvas` says which.
"""

from __future__ import annotations

from importlib import import_module

import torch
from torch import nn

from dipcli.prior.networks.layers import Squash, convolution, initialise
from dipcli.stages import NETWORKS, NetworkSettings


def canvas(size: tuple[int, int], settings: NetworkSettings) -> tuple[int, int]:
    """The least (H, W) that holds a picture of `size` and suits the network.

    A multiple of 2^levels, and large enough that reflection at the coarsest level has
    something to reflect. The picture is the upper left part; what lies beyond is never
    compared with anything.
    """
    unit = 1 << settings.levels
    least = 1 + max(settings.filter_down + settings.filter_up) // 2

    def fit(n: int) -> int:
        return unit * max(least, -(-n // unit))

    return fit(size[0]), fit(size[1])


def build(
    settings: NetworkSettings, depth: int, channels: int, generator: torch.Generator
) -> nn.Module:
    """A fresh network from `depth` input channels to `channels`, on the CPU in float32.

    Every parameter is drawn from `generator` (CPU); no global state is read or changed.
    """
    module, _, name = NETWORKS[settings.net].partition(":")
    level = getattr(import_module(module), name)
    width = (settings.per_level("up_channels"))[0]
    with torch.device("meta"):  # allocates nothing and draws nothing
        net = nn.Sequential(
            level(settings, depth),
            convolution(width, channels, 1, settings.padding),
            Squash(),
        )
    net = net.to_empty(device="cpu")
    initialise(net, generator)
    return net
