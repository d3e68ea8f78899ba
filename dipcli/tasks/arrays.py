"""Pictures as arrays: from any supported dtype and layout to float32 (H, W, C), and back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dipcli.errors import UsageError

if TYPE_CHECKING:
    import torch
    from torch import Tensor

_MOST_CHANNELS = 5  # channels of a picture that is 1, 3 or 4 pixels high: more are its width


@dataclass(frozen=True)
class Window:
    """A part of a picture, in pixels; bottom and right are the first ones outside."""

    top: int
    bottom: int
    left: int
    right: int

    @classmethod
    def of(cls, shape: tuple[int, ...]) -> Window:
        """The whole of a picture (H, W, ...)."""
        return cls(0, shape[0], 0, shape[1])

    @property
    def slices(self) -> tuple[slice, slice]:
        """Of the rows and of the columns."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def scaled(self, scale: int) -> Window:
        """The same part of a picture `scale` times as large."""
        return Window(*(scale * n for n in (self.top, self.bottom, self.left, self.right)))

    def inside(self, outer: Window) -> Window:
        """The same part as a window of what `outer` shows."""
        top, left = outer.top, outer.left
        return Window(self.top - top, self.bottom - top, self.left - left, self.right - left)

    def grown(self, by: int, shape: tuple[int, ...]) -> Window:
        """Larger on all four sides, as far as a picture (H, W, ...) goes."""
        return Window(
            max(0, self.top - by),
            min(shape[0], self.bottom + by),
            max(0, self.left - by),
            min(shape[1], self.right + by),
        )


@dataclass(frozen=True)
class Pixels:
    """A picture's values, with the dtype and layout that the result shall have.

    Nothing writes into `values`: those of a float32 picture are the caller's own.

    values: (H, W, C) float32 in [0, 1]; flat: the caller's array was (H, W).
    """

    values: NDArray[np.float32]
    dtype: np.dtype[Any]
    flat: bool

    @classmethod
    def of(cls, image: NDArray[Any]) -> Pixels:
        """Take (H, W) or (H, W, C), uint8, uint16 or float in [0, 1]; else UsageError."""
        array = _checked_shape(image)
        values = array.reshape(*array.shape[:2], -1)
        if array.dtype in (np.uint8, np.uint16):
            scaled = values.astype(np.float32)
            scaled /= np.float32(np.iinfo(array.dtype).max)
        elif np.issubdtype(array.dtype, np.floating):
            scaled = values.astype(np.float32, copy=False)
            low, high = float(scaled.min()), float(scaled.max())
            if not np.isfinite([low, high]).all():
                raise UsageError(_not_finite(np.logical_not(np.isfinite(scaled).all(2))))
            if not (low >= 0 and high <= 1):
                raise UsageError(f"float values run from {low:g} to {high:g}; scale them to 0..1")
        else:
            raise UsageError(f"pictures are uint8, uint16 or float, not {array.dtype}; convert it")
        return cls(scaled, array.dtype, array.ndim == 2)

    def like(self, values: NDArray[np.float32]) -> NDArray[Any]:
        """(H, W, C) float in [0, 1], rounded to the caller's dtype and in the caller's layout."""
        if np.issubdtype(self.dtype, np.integer):
            values = values * np.float32(np.iinfo(self.dtype).max)
            np.rint(values, out=values)
        out = values.astype(self.dtype, copy=False)
        return out[..., 0] if self.flat else out

    def part(self, window: Window) -> Pixels:
        """What a window shows, not copied."""
        return replace(self, values=self.values[window.slices])

    def tensor(self, device: torch.device) -> Tensor:
        """(1, C, H, W) float32 on `device`."""
        return to_tensor(self.values, device)


def _checked_shape(image: NDArray[Any]) -> NDArray[Any]:
    """The array, if it has the shape of a picture and no mask of its own; else UsageError."""
    if isinstance(image, np.ma.MaskedArray):
        raise UsageError(
            "a masked array would lose its mask; fill it with dipcli.inpaint(image.data, hole), "
            "hole = numpy.ma.getmaskarray(image).reshape(*image.shape[:2], -1).any(2), "
            "or give image.filled(...)"
        )
    array = np.asarray(image)
    if array.ndim not in (2, 3) or 0 in array.shape:
        raise UsageError(f"a picture is (H, W) or (H, W, C), not {array.shape}")
    if array.ndim == 3 and array.shape[0] in (1, 3, 4) and array.shape[2] > _MOST_CHANNELS:
        raise UsageError(
            f"a picture is (H, W) or (H, W, C), but {array.shape} has its channels first; "
            "move them last: numpy.moveaxis(image, 0, -1)"
        )
    return array


def _not_finite(unknown: NDArray[np.bool_]) -> str:
    """How many pixels are no numbers, (H, W) bool, and where the first one is."""
    row, column = np.unravel_index(unknown.argmax(), unknown.shape)
    return (
        f"{int(unknown.sum())} of {unknown.size} pixels are not numbers (NaN or infinite), "
        f"the first is image[{row}, {column}]; give them values in 0..1"
    )


def to_tensor(values: NDArray[np.float32] | NDArray[np.bool_], device: torch.device) -> Tensor:
    """(H, W, C) -> (1, C, H, W), a copy."""
    import torch

    return torch.from_numpy(values.transpose(2, 0, 1).copy())[None].to(device)


def to_array(picture: Tensor) -> NDArray[np.float32]:
    """(1, C, H, W) on any device -> (H, W, C) float32 clipped to [0, 1]."""
    values: NDArray[np.float32] = picture[0].detach().clamp(0, 1).permute(1, 2, 0).cpu().numpy()
    return np.ascontiguousarray(values, dtype=np.float32)
