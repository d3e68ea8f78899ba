"""A task whose result the user's controls mix with what was observed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from numpy.typing import NDArray

from dipcli.tasks.arrays import Window
from dipcli.tasks.base import S, Task
from dipcli.tasks.controls import FULL, Controls, checked, mixed

if TYPE_CHECKING:
    from torch import Tensor


class Controlled(Task[S]):
    """Renders what `controls` and `protect` make of an estimate; see `dipcli.tasks.controls`."""

    def __init__(
        self, image: NDArray[Any], controls: Controls = FULL, protect: NDArray[Any] | None = None
    ) -> None:
        """protect: (H, W) bool, True where the observation stays; MaskError if it misfits."""
        super().__init__(image)
        self.controls = controls
        self.protect = None if protect is None else checked(protect, self.observation.shape)

    def part(self, window: Window) -> Self:
        """With its part of what is protected."""
        part = super().part(window)
        part.protect = None if self.protect is None else self.protect[window.slices]
        return part

    def render(self, estimate: Tensor) -> NDArray[Any]:
        """As the controls want it."""
        observed = self.pixels.like(self.observation)
        return mixed(observed, super().render(estimate), self.controls, self.protect)

    def judged(self, estimate: Tensor, rendered: NDArray[Any]) -> NDArray[Any]:
        """The whole restoration: where the user leaves noise, noise is no reason for doubt."""
        whole = self.controls == FULL and self.protect is None
        return rendered if whole else super().render(estimate)
