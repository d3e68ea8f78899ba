"""The networks whose structure is the prior.

    skip   the encoder-decoder of Ulyanov et al. 2018, with every option they published
    slim   the same idea at a twentieth of the cost: narrow at full resolution, reduced to
           the next finer level's width before each enlargement, so that nothing wide is
           ever held at full resolution; no bias before a normalisation, zero padding
    unet   two convolutions on each level on either way (Ronneberger et al. 2015)
    resnet residual blocks at full resolution (He et al. 2016)
    decoder  the deep decoder, 1x1 convolutions and enlargements only (Heckel and Hand 2019)
    pixels the picture itself, to see what is left without a prior

All map z, (1, D, H, W), to a picture, (1, C, H, W) in (0, 1), for the H and W that `canvas`
gives. Of a decoder z has the size of its coarsest level (`grid`).
"""

from __future__ import annotations

from importlib import import_module

import torch
from torch import nn

from dipcli.architecture import NetworkSettings
from dipcli.prior.networks.layers import Squash, convolution, initialise


def canvas(size: tuple[int, int], settings: NetworkSettings) -> tuple[int, int]:
    """The least (H, W) that holds a picture of `size` and suits the network.

    A multiple of 2^halvings, and large enough that reflection at the coarsest level has
    something to reflect. The picture is the upper left part; what lies beyond is never
    compared with anything.
    """
    unit = 1 << settings.architecture.halvings(settings)
    least = 1 + max(settings.filter_down + settings.filter_up) // 2

    def fit(n: int) -> int:
        return unit * max(least, -(-n // unit))

    return fit(size[0]), fit(size[1])


def grid(settings: NetworkSettings) -> int:
    """How many pixels of the canvas stand for one of the input, along each side."""
    architecture = settings.architecture
    return 1 << architecture.halvings(settings) if architecture.coarse_input else 1


def build(
    settings: NetworkSettings, depth: int, channels: int, generator: torch.Generator
) -> nn.Module:
    """A fresh network from `depth` input channels to `channels`, on the CPU in float32.

    Every parameter is drawn from `generator` (CPU); no global state is read or changed.
    """
    architecture = settings.architecture
    module, _, name = architecture.place.partition(":")
    level = getattr(import_module(module), name)
    with torch.device("meta"):  # allocates nothing and draws nothing
        net = nn.Sequential(level(settings, depth))
        if not architecture.bare:
            last, bias = architecture.last, architecture.last_bias
            net.append(convolution(settings.width, channels, last, settings.padding, bias=bias))
            net.append(Squash())
    net = net.to_empty(device="cpu")
    initialise(net, generator)
    return net
