"""The U-Net of Noise2Noise (Lehtinen et al., ICML 2018, appendix), of any width and depth."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dipcli.prior.networks.layers import enlarge


class UNet(nn.Module):
    """(B, channels, H, W) -> the same, H and W multiples of `2 ** depth`.

    On the way down a convolution of `width` channels and a 2x2 max-pool at each level (two
    convolutions at the first); on the way up the nearest pixels, the features of the same level
    (at the first level the picture itself) and two convolutions of twice the width; at the first
    level of 4/3 and 2/3 of it, and one more, which is linear. All are 3x3 with zeros beyond the
    edge, each but the last followed by a ReLU. As published width is 48 and depth 5.

    predicts: "picture", as published, or "noise", which is taken from what came in.
    """

    def __init__(self, channels: int, width: int, depth: int, predicts: str = "picture") -> None:
        """Weights as PyTorch allocates them: `draw` draws them, or they are loaded."""
        super().__init__()
        self.depth, self.residual = depth, predicts == "noise"
        down = [(channels, width), (width, width), *[(width, width)] * (depth - 1)]
        self.down = nn.ModuleList(_conv(*pair) for pair in down)
        self.bottom = _conv(width, width)
        self.up = nn.ModuleList()
        wide = width
        for _ in range(depth - 1):
            self.up.append(_conv(wide + width, 2 * width))
            self.up.append(_conv(2 * width, 2 * width))
            wide = 2 * width
        outer, inner = max(1, 4 * width // 3), max(1, 2 * width // 3)
        self.up.append(_conv(wide + channels, outer))
        self.up.append(_conv(outer, inner))
        self.last = _conv(inner, channels)

    def forward(self, x: Tensor) -> Tensor:
        """The picture without its noise."""
        seen = [x]
        found = _relu(self.down[0](x))
        for layer in self.down[1:]:
            found = F.max_pool2d(_relu(layer(found)), 2)
            seen.append(found)
        found = _relu(self.bottom(seen.pop()))
        for first, second in zip(self.up[::2], self.up[1::2], strict=True):
            below = seen.pop()
            found = torch.cat([enlarge(found, "nearest"), below.to(found.dtype)], 1)
            found = _relu(second(_relu(first(found))))
        with torch.autocast(x.device.type, enabled=False):  # a short mantissa shows as steps
            found = self.last(found.float())
        picture: Tensor = x - found if self.residual else found
        return picture


def _relu(x: Tensor) -> Tensor:
    return F.relu(x, inplace=True)  # no convolution wants its own output for its gradient


def _conv(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1)


def draw(net: nn.Module, generator: torch.Generator) -> None:
    """Kaiming-uniform weights for ReLU (He et al. 2015), biases 0."""
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu", generator=generator)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def reach(depth: int) -> int:
    """Pixels beside a pixel that count for it, at the most: a multiple of `2 ** depth`.

    A 3x3 convolution reaches 2 ** level pixels, a pool and the enlargement that undoes it a block.
    """
    convolutions = 2 + sum(1 << level for level in range(1, depth)) + (1 << depth)
    convolutions += sum(2 << level for level in range(depth)) + 1
    blocks = 2 << depth
    unit = 1 << depth
    return -(-(convolutions + blocks) // unit) * unit
