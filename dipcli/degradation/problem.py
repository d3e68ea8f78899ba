"""What has to be explained: an observation, and how it came from the picture sought."""

from __future__ import annotations

from dataclasses import dataclass, field

from torch import Tensor

from dipcli.degradation.operators import Identity, Operator


@dataclass(frozen=True, eq=False)
class Problem:
    """What the network has to explain.

    observation: (1, C, h, w) float32 in [0, 1]; size: (H, W) of the picture sought;
    known: (1, 1, h, w) float32, 1 where the observation counts, None for everywhere;
    picture: (1, D, H, W), a picture to start from when the input kind is "picture".
    """

    observation: Tensor
    size: tuple[int, int]
    operator: Operator = field(default_factory=Identity)
    known: Tensor | None = None
    picture: Tensor | None = None
