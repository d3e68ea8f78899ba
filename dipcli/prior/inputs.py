"""The fixed input z of the network, and the noise added to it at each step.

Everything is drawn on the CPU from an explicit generator, so that a seed gives the same z on
every device and nothing else in the process has a say.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from dipcli.degradation.borders import extend

PYRAMID_LEVELS = 6  # the coarsest noise is drawn at 1/32
_MARGIN = 32  # pixels by which the jitter noise is larger than z


def draw(
    kind: str,
    size: tuple[int, int],
    depth: int,
    generator: torch.Generator,
    picture: Tensor | None = None,
    grid: int = 1,
) -> Tensor:
    """z of one kind, (1, D, H, W) float32 on the CPU; D is `depth` but for mesh and picture.

    size: of the canvas, of which `grid` pixels along each side stand for one of z.

    pyramid: smooth noise of standard deviation 1 at several scales; noise: U(0, 0.1), as
    published; mesh: the two coordinates in [0, 1]; fourier: their sines and cosines;
    picture and natural: `picture`, (1, C, h, w), continued by reflection to `size`.
    """
    size = size[0] // grid, size[1] // grid
    if kind == "noise":
        return torch.rand(1, depth, *size, generator=generator) * 0.1
    if kind == "mesh":
        return mesh(size)
    if kind == "fourier":
        return fourier(size, depth)
    if kind in ("picture", "natural") and picture is not None:
        whole = extend(picture.detach().cpu().float(), (grid * size[0], grid * size[1]))
        return F.avg_pool2d(whole, grid) if grid > 1 else whole
    return pyramid(size, depth, generator)


def pyramid(size: tuple[int, int], depth: int, generator: torch.Generator) -> Tensor:
    """The sum of white Gaussian noise drawn at H/2^l, l = 0..5, each enlarged bicubically.

    Every channel is scaled to mean 0 and standard deviation 1.
    """
    z = torch.zeros(1, depth, *size)
    for level in range(PYRAMID_LEVELS):
        small = [max(1, math.ceil(n / 2**level)) for n in size]
        noise = torch.randn(1, depth, *small, generator=generator)
        z += F.interpolate(noise, size=size, mode="bicubic", align_corners=False)
    return (z - z.mean((2, 3), keepdim=True)) / z.std((2, 3), keepdim=True)


def mesh(size: tuple[int, int]) -> Tensor:
    """The coordinates x and y, each from 0 to 1: (1, 2, H, W)."""
    y, x = (torch.linspace(0, 1, n) for n in size)
    return torch.stack(torch.meshgrid(y, x, indexing="ij")[::-1])[None]


def fourier(size: tuple[int, int], depth: int) -> Tensor:
    """sin and cos of 2^k pi x and 2^k pi y, k = 0, 1, ..., the first `depth` of them."""
    features: list[Tensor] = []
    k = 0
    while len(features) < depth:
        for coordinate in mesh(size)[0]:
            angle = 2**k * math.pi * coordinate
            features += [angle.sin(), angle.cos()]
        k += 1
    return torch.stack(features[:depth])[None]


class Jitter:
    """z plus fresh noise at each step, without drawing fresh noise at each step.

    One field of white noise, a little larger than z, is drawn once; each step adds it with a
    new offset and sign. Drawing it anew would cost more than a quarter of a step.
    """

    def __init__(self, z: Tensor, std: float, generator: torch.Generator) -> None:
        """z: (1, D, H, W) on any device; std of the noise; `generator` on the CPU."""
        self.z = z
        self.std = std
        self.generator = generator
        if std > 0:
            h, w = z.shape[-2:]
            field = torch.randn(1, z.shape[1], h + _MARGIN, w + _MARGIN, generator=generator)
            self.field = _like(field, z)

    def __call__(self) -> Tensor:
        """z + std * noise, (1, D, H, W)."""
        if self.std == 0:
            return self.z
        h, w = self.z.shape[-2:]
        top, left, sign = torch.randint(0, _MARGIN, (3,), generator=self.generator).tolist()
        noise = self.field[..., top : top + h, left : left + w]
        return torch.add(self.z, noise, alpha=self.std if sign % 2 else -self.std)


def _like(field: Tensor, z: Tensor) -> Tensor:
    channels_last = z.is_contiguous(memory_format=torch.channels_last)
    layout = torch.channels_last if channels_last else torch.contiguous_format
    return field.to(z.device, z.dtype, memory_format=layout)
