"""The shape that every task has: from a picture to steps, and from an estimate to a picture."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from dipcli.presets.values import USUAL, Table, resolve
from dipcli.settings import Settings
from dipcli.tasks.arrays import Pixels, Window, to_array

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from dipcli.steps.step import Runtime, Step

S = TypeVar("S", bound=Settings)


class Task(ABC, Generic[S]):
    """One picture and what is to be done with it."""

    name: ClassVar[str]
    Settings: ClassVar[type[Any]]  # the stages that it has, by inheritance
    presets: ClassVar[Table]
    kinds: ClassVar[tuple[str, ...]] = (USUAL,)  # that presets distinguish, the usual one first
    divisible: ClassVar[bool] = True  # whether it can be done tile by tile
    scale: int = 1  # of the result, in pixels of the observation

    def __init__(self, image: NDArray[Any]) -> None:
        """image: (H, W) or (H, W, C), uint8, uint16 or float in [0, 1]; else UsageError."""
        self.pixels = Pixels.of(image)

    @property
    def observation(self) -> NDArray[np.float32]:
        """What was observed, (H, W, C) float32 in [0, 1]."""
        return self.pixels.values

    @property
    def output_shape(self) -> tuple[int, int, int]:
        """(H, W, C) of the result."""
        h, w, c = self.observation.shape
        return h * self.scale, w * self.scale, c

    @property
    def kind(self) -> str:
        """The kind of picture or damage that presets distinguish: one of `kinds`."""
        return self.kinds[0]

    def settings(self, preset: str = "auto", **overrides: object) -> S:
        """The preset for this task and kind, with single fields replaced; or UsageError."""
        found: S = resolve(self.Settings, self.presets, preset, self.kind).override(**overrides)
        return found

    def concerns(self, window: Window) -> bool:
        """Whether there is anything to do in a window of the observation."""
        return True

    def context(self, window: Window) -> Window:
        """How much of the observation has to be seen for what is in `window`."""
        return window

    def part(self, window: Window) -> Self:
        """The same task on a window; what is global stays as found on the whole picture."""
        part = copy.copy(self)
        part.pixels = self.pixels.part(window)
        return part

    def take_over(self, picture: Tensor, settled: Tensor) -> None:
        """Learn what was restored before: picture, (1, C, H, W), where settled, (H, W), is True."""

    def first_guess(self, device: torch.device) -> Tensor:
        """What stands for a result before there is one, (1, C, H, W), a tensor of its own."""
        return self.pixels.tensor(device)

    @abstractmethod
    def steps(self, settings: S, runtime: Runtime) -> Iterator[Step]:
        """Restore, step after step; the last step's estimate is the result."""

    def evidence(self, result: NDArray[np.float32], settings: S) -> dict[str, object]:
        """What tells without the truth how far `result` can be trusted; plain JSON.

        result: what was rendered, (H, W, C) float32 in [0, 1]. A key "warning" holds one line.
        """
        return {}

    def render(self, estimate: Tensor) -> NDArray[Any]:
        """An estimate, (1, C, H, W), as an array of the input's dtype and layout."""
        return self.pixels.like(to_array(estimate))

    def judged(self, estimate: Tensor, rendered: NDArray[Any]) -> NDArray[Any]:
        """What `evidence` is to speak of: what was rendered, but for what the user mixed in."""
        return rendered
