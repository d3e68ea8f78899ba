"""A task whose result the user's controls mix with what was observed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from numpy.typing import NDArray

from dipcli.errors import UsageError
from dipcli.settings import Options, setting
from dipcli.tasks.base import S, Task
from dipcli.tasks.companions import Companion
from dipcli.tasks.controls import FULL, Controls, checked, mixed

if TYPE_CHECKING:
    from torch import Tensor

    from dipcli.pictures.coding import JpegCoding

PROTECT = Companion(
    "protect",
    "White is left as it was: a file or a folder.",
    what="protecting mask",
    metavar="MASK",
    renders=True,
)


@dataclass(frozen=True, kw_only=True)
class ControlOptions(Options):
    """What photographers ask of a denoiser; see `dipcli.tasks.controls`."""

    strength: tuple[float, ...] = setting(
        (1.0, 1.0),
        "How much of it goes: 0 to 1, or luma,chroma; 1 by default.",
        low=0,
        high=1,
        form="strength",
        renders=True,
    )
    detail: float = setting(
        0.0,
        "Give fine structure back: 0 (default) to 1.",
        low=0,
        high=1,
        form="fraction",
        renders=True,
    )

    def __post_init__(self) -> None:
        """One strength stands for both."""
        if len(self.strength) == 1:
            object.__setattr__(self, "strength", self.strength * 2)
        if len(self.strength) != 2:
            raise UsageError(f"strength is {self.strength}; give one number, or luma and chroma")
        super().__post_init__()

    @property
    def controls(self) -> Controls:
        """As the mixing wants them."""
        return Controls((self.strength[0], self.strength[1]), self.detail)


C = TypeVar("C", bound=ControlOptions)


class Controlled(Task[C, S]):
    """Renders what the controls and a protecting mask make of an estimate."""

    companions = (PROTECT,)

    def __init__(
        self,
        image: NDArray[Any],
        options: C | None = None,
        coding: JpegCoding | None = None,
        **companions: NDArray[Any] | None,
    ) -> None:
        """protect: (H, W) bool, True where the observation stays; MaskError if it misfits."""
        super().__init__(image, options, coding, **companions)
        if "protect" in self.beside:
            checked(self.beside["protect"], self.observation.shape)

    def render(self, estimate: Tensor) -> NDArray[Any]:
        """As the controls want it."""
        observed = self.pixels.like(self.observation)
        whole = super().render(estimate)
        return mixed(observed, whole, self.options.controls, self.beside.get("protect"))

    def judged(self, estimate: Tensor, rendered: NDArray[Any]) -> NDArray[Any]:
        """The whole restoration: where the user leaves noise, noise is no reason for doubt."""
        whole = self.options.controls == FULL and "protect" not in self.beside
        return rendered if whole else super().render(estimate)
