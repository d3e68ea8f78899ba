"""How the observation comes from the picture: linear maps, each with its adjoint.

    observation y = operator(picture x) + noise,   <A x, y> = <x, A' y>

Operators act on (B, C, H, W) tensors of any floating dtype and on any device; nothing in
them is learnt.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import torch
from torch import Tensor

from dipcli.degradation.borders import extend_index


class Operator(Protocol):
    """A linear map from the picture to what was observed of it."""

    def __call__(self, x: Tensor) -> Tensor:
        """A x: (B, C, H, W) -> (B, C, h, w)."""
        ...

    def adjoint(self, y: Tensor) -> Tensor:
        """A' y: (B, C, h, w) -> (B, C, H, W)."""
        ...


@dataclass(frozen=True)
class Identity:
    """The picture itself was observed: denoising."""

    def __call__(self, x: Tensor) -> Tensor:
        """Return x."""
        return x

    def adjoint(self, y: Tensor) -> Tensor:
        """Return y."""
        return y


@dataclass(frozen=True, eq=False)
class Mask:
    """Only some pixels were observed: inpainting. known: (1, 1, H, W), 1 where observed."""

    known: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        """Zero what was not observed."""
        return x * self.known

    def adjoint(self, y: Tensor) -> Tensor:
        """A mask is its own adjoint."""
        return y * self.known


@dataclass(frozen=True)
class Downsample:
    """A smaller picture was observed: low-pass `kernel`, then every `scale`-th value.

    Separable, so two small matrices: A x = R x C'. Sample k lies at the centre of its
    scale x scale block (phase 0.5 for even scales); the kernel is stretched by `scale`
    (antialiased) and sums to 1. lanczos2 continues the picture by its last value, as published
    with Deep Image Prior; the others by reflection with the edge repeated, as MATLAB's
    imresize does.
    """

    scale: int
    kernel: str = "bicubic"

    def __call__(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H/scale, W/scale); H and W are multiples of scale."""
        h, w = x.shape[-2] // self.scale, x.shape[-1] // self.scale
        return self._matrix(h, x) @ (x @ self._matrix(w, x).mT)

    def adjoint(self, y: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, C, h*scale, w*scale)."""
        h, w = y.shape[-2:]
        return self._matrix(h, y).mT @ (y @ self._matrix(w, y))

    def _matrix(self, n: int, like: Tensor) -> Tensor:
        return reduction(n, self.scale, self.kernel).to(like.device, like.dtype)


@lru_cache(maxsize=32)
def reduction(n: int, scale: int, kernel: str) -> Tensor:
    """The matrix (n, n * scale) that reduces a line of n * scale values; float64, CPU."""
    taps = torch.tensor(kernel_taps(kernel, scale), dtype=torch.float64)
    pad = (len(taps) - scale) // 2
    border = "replicate" if kernel == "lanczos2" else "symmetric"
    source = extend_index(n * scale, pad, pad, border).unfold(0, len(taps), scale)
    matrix = torch.zeros(n, n * scale, dtype=torch.float64)
    return matrix.scatter_add_(1, source, taps.expand(n, -1))


@lru_cache(maxsize=32)
def kernel_taps(kernel: str, scale: int) -> tuple[float, ...]:
    """The kernel stretched by `scale`, sampled at the pixels around a block's centre, sum 1.

    The number of taps has the parity of `scale`, so the blocks stay centred.
    """
    shape, support = _SHAPES[kernel]
    half = math.ceil(support * scale)
    count = 2 * half if scale % 2 == 0 else 2 * half + 1
    offsets = [(i - (count - 1) / 2) / scale for i in range(count)]
    values = [shape(abs(t)) if abs(t) < support else 0.0 for t in offsets]
    total = sum(values)
    return tuple(value / total for value in values)


def _lanczos(a: int) -> Callable[[float], float]:
    def value(t: float) -> float:
        if t == 0:
            return 1.0
        return a * math.sin(math.pi * t) * math.sin(math.pi * t / a) / (math.pi * t) ** 2

    return value


def _bicubic(t: float) -> float:
    """Keys' cubic with a = -0.5, that of MATLAB and Pillow."""
    if t < 1:
        return 1.5 * t**3 - 2.5 * t**2 + 1
    return -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2


# shape over |t| in units of the small picture's pixels, and where it ends
_SHAPES: dict[str, tuple[Callable[[float], float], float]] = {
    "lanczos2": (_lanczos(2), 2.0),
    "lanczos3": (_lanczos(3), 3.0),
    "bicubic": (_bicubic, 2.0),
    "box": (lambda t: 1.0, 0.5),
    "gauss": (lambda t: math.exp(-0.5 * (t / 0.5) ** 2), 1.5),  # sigma: half a small pixel
}
