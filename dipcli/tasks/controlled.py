"""A task whose result the user's controls mix with what was observed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from dipcli.tasks.base import S, Task
from dipcli.tasks.companions import Companion
from dipcli.tasks.controls import AS_RESTORED, PROTECT, ControlOptions

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from dipcli.pictures.coding import JpegCoding

C = TypeVar("C", bound=ControlOptions)


class Controlled(Task[C, S]):
    """Renders what the controls and a protecting mask make of an estimate."""

    companions: ClassVar[tuple[Companion, ...]] = (PROTECT,)

    def __init__(
        self,
        image: NDArray[Any],
        options: C | None = None,
        coding: JpegCoding | None = None,
        **companions: Any,
    ) -> None:
        """protect: (H, W) bool, True where the observation stays; MaskError if it misfits."""
        super().__init__(image, options, coding, **companions)
        if "protect" in self.arrays:
            from dipcli.tasks.mixing import checked_mask

            checked_mask(self.arrays["protect"], self.observation.shape)

    def render(self, estimate: Tensor) -> NDArray[Any]:
        """As the controls want it."""
        from dipcli.tasks.mixing import mixed

        observed = self.pixels.like(self.observation)
        whole = super().render(estimate)
        return mixed(observed, whole, self.options.controls, self.arrays.get("protect"))

    def judged(self, estimate: Tensor, rendered: NDArray[Any]) -> NDArray[Any]:
        """The whole restoration: where the user leaves noise, noise is no reason for doubt."""
        whole = self.options.controls == AS_RESTORED and "protect" not in self.arrays
        return rendered if whole else super().render(estimate)
