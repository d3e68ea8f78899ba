"""A network that was learnt: what it is, one safetensors file, and its use on pictures of any size.

The file holds the weights, and among its metadata one JSON text that says what they are: nothing
in it is executed.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from dipcli.degradation.borders import extend
from dipcli.errors import PictureError, UsageError
from dipcli.learning.unet import UNet, reach

FORMAT = "dip model 1"
KEY = "dip_model"  # of the metadata: one text, as the order of several is not always the same
LARGEST = {"channels": 3, "width": 512, "depth": 7}
TILE = 1 << 21  # pixels that the network sees at once: 1.3 GB for a width of 24 in float32
SHAPE = ("channels", "width", "depth", "predicts")  # of the facts, what the network is built from


@dataclass(frozen=True)
class Model:
    """A U-Net and the facts of it: its shape, what it learnt from and how, plain JSON."""

    net: UNet
    facts: Mapping[str, Any]

    @classmethod
    def build(cls, facts: Mapping[str, Any]) -> Self:
        """With the weights still to be drawn; UsageError if the shape is none."""
        shape: dict[str, Any] = {name: facts.get(name) for name in SHAPE}
        for name, most in LARGEST.items():
            if type(shape[name]) is not int or not 1 <= shape[name] <= most:
                raise UsageError(f"a network cannot have {name} {shape[name]}")
        return cls(UNet(**shape), facts)

    @property
    def channels(self) -> int:
        """Of the pictures that it takes: 1 or 3."""
        return int(self.facts["channels"])

    def encode(self) -> bytes:
        """The file; equal for equal weights and facts."""
        weights = {n: w.detach().cpu().contiguous() for n, w in self.net.state_dict().items()}
        facts = {"format": FORMAT, **self.facts, "weights": _digest(weights)}
        return safetensors.torch.save(weights, {KEY: json.dumps(facts, sort_keys=True)})

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """The model in a file; raises PictureError, without its name, for anything else."""
        facts = facts_of(data)
        try:
            weights = safetensors.torch.load(data)
            found = cls.build(facts)
            found.net.load_state_dict(weights)
        except (safetensors.SafetensorError, RuntimeError, UsageError, TypeError) as error:
            raise PictureError("is a damaged model; get the whole file") from error
        if facts["weights"] != _digest(weights):
            raise PictureError("is a damaged model; get the whole file")
        found.net.eval()
        return found

    def check(self, channels: int) -> None:
        """Raise UsageError unless pictures of so many channels can be given to it.

        A gray picture has the same noise in all of its channels, where a model of colours
        expects three, of which it takes the mean: it would leave most of it.
        """
        if self.channels not in (1, channels):
            kind = "gray pictures" if channels == 1 else f"pictures of {channels} channels"
            raise UsageError(
                f"the model is for pictures of {self.channels} channels, not for {kind}; "
                "learn one with --channels 1"
            )

    @torch.no_grad()
    def apply(self, x: Tensor, amp: torch.dtype | None = None) -> Tensor:
        """x without its noise, (1, C, H, W) float32 in [0, 1], each channel by itself if it is
        for one. Memory is bounded: what lies beside a tile is seen as far as it counts, so that
        the tiles give what the whole would.
        """
        self.check(x.shape[1])
        if self.channels == 1:
            planes = [self._tiled(plane[:, None], amp) for plane in x.unbind(1)]
            return torch.cat(planes, 1)
        return self._tiled(x, amp)

    def _tiled(self, x: Tensor, amp: torch.dtype | None) -> Tensor:
        height, width = x.shape[-2:]
        unit = 1 << self.net.depth
        whole = extend(x, (-(-height // unit) * unit, -(-width // unit) * unit))
        found = torch.empty_like(x)
        for rows, columns in tiles(whole.shape[-2:], self.net.depth):
            (top, bottom), (left, right) = rows.inner, columns.inner
            seen = whole[..., rows.begin : rows.end, columns.begin : columns.end]
            with torch.autocast(x.device.type, dtype=amp, enabled=amp is not None):
                made = self.net(seen.contiguous(memory_format=torch.channels_last))
            made = made[..., top - rows.begin :, left - columns.begin :]
            height_, width_ = min(bottom, height) - top, min(right, width) - left
            found[..., top : top + height_, left : left + width_] = made[..., :height_, :width_]
        return found.clamp_(0, 1)


@dataclass(frozen=True)
class Stretch:
    """Of rows or columns: those made in one go, `inner`, and those seen for it."""

    inner: tuple[int, int]
    begin: int
    end: int


def tiles(size: torch.Size, depth: int) -> Iterator[tuple[Stretch, Stretch]]:
    """Rows and columns of the parts of a picture of (H, W) = `size`, multiples of 2 ** depth."""
    side = max(2 * reach(depth), math.isqrt(TILE))
    if size[0] * size[1] <= TILE:
        side = max(size)
    for rows in _stretches(size[0], side, depth):
        for columns in _stretches(size[1], side, depth):
            yield rows, columns


def _stretches(length: int, side: int, depth: int) -> list[Stretch]:
    margin, unit = reach(depth), 1 << depth
    if length <= side:
        return [Stretch((0, length), 0, length)]
    step = max(unit, (side - 2 * margin) // unit * unit)
    return [
        Stretch((n, min(length, n + step)), max(0, n - margin), min(length, n + step + margin))
        for n in range(0, length, step)
    ]


def facts_of(data: bytes) -> dict[str, Any]:
    """What a file says of its model; raises PictureError, without its name, if it holds none."""
    end = 8 + int.from_bytes(data[:8], "little")
    try:
        facts = json.loads(json.loads(data[8:end])["__metadata__"][KEY])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise PictureError("is not a model that `dip learn` wrote; give one that it did") from error
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        raise PictureError("is not a model that this version of dip knows; learn it again")
    return facts


def _digest(weights: Mapping[str, Tensor]) -> str:
    whole = hashlib.sha256()
    for name in sorted(weights):
        values = weights[name].contiguous()
        whole.update(f"{name} {values.dtype} {tuple(values.shape)}\0".encode())
        whole.update(values.reshape(-1).view(torch.uint8).numpy().data)
    return whole.hexdigest()
