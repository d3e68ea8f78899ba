"""The degradation of a JPEG in float: what coding makes of a picture, and what a file allows.

    coefficients  k q,   k = round(DCT(component) / q)

A file says of each coefficient of the picture that was coded: it is within half a step q of k q.
Pictures are (1, C, H, W) float32 in [0, 1]; components are planes on the 0..255 scale about 128,
chroma reduced by means as libjpeg does it and enlarged by its triangle filter; spectra are (N, 64),
a row a block, blocks row by row.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional as F

from dipcli.pictures.coding import BLOCK, JpegCoding

LEVELS = 255.0
MIDDLE = 128.0  # taken off each component before its DCT
# JFIF: Y, Cb, Cr of R, G, B
TO_COMPONENTS = torch.tensor(
    [
        [0.299, 0.587, 0.114],
        [-0.299 / 1.772, -0.587 / 1.772, 0.5],
        [0.5, -0.587 / 1.402, -0.114 / 1.402],
    ]
)
FROM_COMPONENTS = torch.linalg.inv(TO_COMPONENTS)
ROUNDS = 16  # to undo the blur of enlarging: the highest frequency is left to 1 %
MARGIN = 1.0  # coefficients are kept this far inside their interval: three deviations of 8 bits
MOST_MARGIN = 0.25  # of a step
CLIPS = 3  # times that a picture is moved into its intervals and back into [0, 1]


@lru_cache(maxsize=8)
def dct(device: torch.device) -> Tensor:
    """The orthonormal DCT-II of a block as a matrix, (64, 64): spectrum = block @ dct'."""
    i = torch.arange(BLOCK, dtype=torch.float64)
    basis = torch.cos(math.pi / BLOCK * (i + 0.5) * i[:, None]) * math.sqrt(2 / BLOCK)
    basis[0] /= math.sqrt(2)
    return torch.kron(basis, basis).float().to(device)


def spectrum(plane: Tensor) -> Tensor:
    """The DCT of the blocks of (h, w), both multiples of 8: (N, 64)."""
    h, w = plane.shape
    blocks = plane.view(h // BLOCK, BLOCK, w // BLOCK, BLOCK).transpose(1, 2)
    return blocks.reshape(-1, BLOCK * BLOCK) @ dct(plane.device).t()


def plane_of(blocks: Tensor, size: tuple[int, int]) -> Tensor:
    """The inverse of `spectrum`."""
    h, w = size
    values = (blocks @ dct(blocks.device)).view(h // BLOCK, w // BLOCK, BLOCK, BLOCK)
    return values.transpose(1, 2).reshape(h, w)


@dataclass(frozen=True)
class Layout:
    """How one component lies on its grid. factors: (v, h) pixels that a sample stands for.

    before: pixels by which the first sample begins before the picture; size: samples, (h, w),
    that hold the picture; blank: samples between the first block's corner and the first sample.
    """

    before: tuple[int, int]
    factors: tuple[int, int]
    size: tuple[int, int]
    blank: tuple[int, int]

    @classmethod
    def of(cls, coding: JpegCoding, component: int, size: tuple[int, int]) -> Layout:
        """Of a component of a picture of `size`, (H, W)."""
        factors = coding.factors if component else (1, 1)
        before = (coding.offset[0] % factors[0], coding.offset[1] % factors[1])
        height, width = (
            -(-(n + ahead) // factor)
            for n, ahead, factor in zip(size, before, factors, strict=True)
        )
        down, across = (at // f % BLOCK for at, f in zip(coding.offset, factors, strict=True))
        return cls(before, factors, (height, width), (down, across))

    def reduced(self, plane: Tensor) -> Tensor:
        """The samples of a plane of pixels, (H, W) -> (h, w): means, edges repeated."""
        if self.factors == (1, 1):
            return plane
        (v, h), (top, left) = self.factors, self.before
        below = v * self.size[0] - top - plane.shape[0]
        right = h * self.size[1] - left - plane.shape[1]
        padded = F.pad(plane[None, None], (left, right, top, below), mode="replicate")
        return F.avg_pool2d(padded, self.factors)[0, 0]

    def enlarged(self, samples: Tensor, size: tuple[int, int]) -> Tensor:
        """The plane of pixels, (H, W) = size, that a decoder makes of samples (h, w)."""
        for axis in range(2):
            samples = tripled(samples, axis) if self.fancy(axis) else samples
            if not self.fancy(axis):
                samples = samples.repeat_interleave(self.factors[axis], axis)
        top, left = self.before
        return samples[top : top + size[0], left : left + size[1]]

    def fancy(self, axis: int) -> bool:
        """Whether libjpeg interpolates along that axis: only between twice as many."""
        return self.factors[axis] == 2 and max(self.factors) == 2

    def restored(self, plane: Tensor) -> Tensor:
        """The samples whose enlargement is nearest to a plane: `reduced`, less its blur."""
        samples = self.reduced(plane)
        if self.fancy(0) or self.fancy(1):
            size = (plane.shape[0], plane.shape[1])
            for _ in range(ROUNDS):
                samples = samples + self.reduced(plane - self.enlarged(samples, size))
        return samples

    def corrected(self, missing: Tensor, size: tuple[int, int]) -> Tensor:
        """A smooth plane, (H, W) = size, whose `reduced` is `missing`."""
        sharper = missing
        if self.fancy(0) or self.fancy(1):
            for _ in range(ROUNDS):
                sharper = sharper + missing - self.reduced(self.enlarged(sharper, size))
        return self.enlarged(sharper, size)

    def blocks(self, samples: Tensor) -> Tensor:
        """The spectrum of the samples, edges repeated to whole blocks."""
        down, across = self.blank
        h, w = self.whole
        pad = (across, w - across - self.size[1], down, h - down - self.size[0])
        return spectrum(F.pad(samples[None, None], pad, mode="replicate")[0, 0])

    def samples(self, blocks: Tensor) -> Tensor:
        """The samples that a spectrum holds of the picture."""
        (down, across), (h, w) = self.blank, self.size
        return plane_of(blocks, self.whole)[down : down + h, across : across + w]

    @property
    def whole(self) -> tuple[int, int]:
        """(h, w) in samples of the blocks that hold the picture."""
        h, w = (-(-(n + at) // BLOCK) * BLOCK for n, at in zip(self.size, self.blank, strict=True))
        return h, w


def tripled(samples: Tensor, axis: int) -> Tensor:
    """Twice as many samples along an axis: three quarters of the nearer, one of the farther."""
    n = samples.shape[axis]
    index = torch.arange(n, device=samples.device)
    before = samples.index_select(axis, (index - 1).clamp_min(0))
    after = samples.index_select(axis, (index + 1).clamp_max(n - 1))
    both = torch.stack([before.lerp(samples, 0.75), after.lerp(samples, 0.75)], axis + 1)
    return both.flatten(axis, axis + 1)


def components(x: Tensor, coding: JpegCoding) -> Tensor:
    """Y, Cb, Cr, or luma alone, of a picture, at its own size: (C, H, W)."""
    levels = LEVELS * x[0]
    if coding.gray:
        return levels - MIDDLE
    planes = torch.einsum("oc,chw->ohw", TO_COMPONENTS.to(x), levels)
    planes[0] -= MIDDLE
    return planes


def assembled(planes: Tensor, coding: JpegCoding) -> Tensor:
    """The picture, (1, C, H, W), of `components`."""
    if coding.gray:
        return (planes + MIDDLE)[None] / LEVELS
    levels = torch.einsum("oc,chw->ohw", FROM_COMPONENTS.to(planes), planes) + MIDDLE
    return levels[None] / LEVELS


def recompress(x: Tensor, coding: JpegCoding, shift: tuple[int, int] = (0, 0)) -> Tensor:
    """What coding and decoding make of x, (1, C, H, W), on the grid moved by `shift` pixels."""
    coding = coding.at(*shift)
    size = (x.shape[2], x.shape[3])
    planes = components(x, coding)
    for number, table in enumerate(coding.tables):
        layout = Layout.of(coding, number, size)
        steps = torch.tensor(table, device=x.device, dtype=x.dtype)
        blocks = layout.blocks(layout.reduced(planes[number]))
        blocks = (blocks / steps).round_().mul_(steps)
        planes[number] = layout.enlarged(layout.samples(blocks), size)
    return assembled(planes, coding).clamp_(0, 1)


@dataclass(frozen=True)
class Intervals:
    """What a file allows: the least and largest spectrum of each component, (N, 64) each."""

    coding: JpegCoding
    bounds: tuple[tuple[Tensor, Tensor], ...]

    @classmethod
    def of(cls, observation: Tensor, coding: JpegCoding) -> Intervals:
        """Of a decoded file, (1, C, H, W).

        What was decoded is read off the pixels, whose rounding to 8 bits moves a coefficient by
        0.4: a step of 1 or 2 may be taken for the next one. So may larger ones where values were
        cut off at black or white; wider intervals there lose 0.2 to 0.5 dB on text.
        """
        size = (observation.shape[2], observation.shape[3])
        planes = components(observation, coding)
        bounds = []
        for number, table in enumerate(coding.tables):
            layout = Layout.of(coding, number, size)
            steps = torch.tensor(table, device=planes.device, dtype=planes.dtype)
            found = layout.blocks(layout.restored(planes[number]))
            nearest = (found / steps).round_().mul_(steps)
            half = 0.5 * steps - (MOST_MARGIN * steps).clamp_max(MARGIN)
            bounds.append((nearest - half, nearest + half))
        return cls(coding, tuple(bounds))

    def project(self, x: Tensor) -> Tensor:
        """The picture nearest to x, (1, C, H, W), within the intervals and in [0, 1], nearly."""
        size = (x.shape[2], x.shape[3])
        for _ in range(CLIPS):
            planes = components(x, self.coding)
            for number, (low, high) in enumerate(self.bounds):
                layout = Layout.of(self.coding, number, size)
                blocks = layout.blocks(layout.reduced(planes[number]))
                missing = layout.samples(blocks.clamp(low, high) - blocks)
                planes[number] += layout.corrected(missing, size)
            x = assembled(planes, self.coding).clamp_(0, 1)
        return x


def project(x: Tensor, observation: Tensor, coding: JpegCoding) -> Tensor:
    """The picture nearest to x that the file of `observation` may have been made of, nearly.

    All (1, C, H, W) in [0, 1]. Coded again with the same tables and subsampling, the result,
    rounded to 8 bits, has nearly the coefficients of the file: 1 in 10,000 is a step away at
    quality 10, 1 in 300 at 75, 1 in 20 at 95, where steps are as fine as the rounding.
    """
    return Intervals.of(observation, coding).project(x)
