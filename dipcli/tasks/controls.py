"""Strength, detail and protection: what can be turned on a rendered result, without a new run."""

from __future__ import annotations

from dataclasses import dataclass

from dipcli.errors import UsageError
from dipcli.settings import Options, setting
from dipcli.tasks.companions import Companion

PROTECT = Companion(
    "protect",
    "White is left as it was: a file, a folder, or paint.",
    what="protecting mask",
    metavar="MASK",
    renders=True,
)


@dataclass(frozen=True, kw_only=True)
class ControlOptions(Options):
    """What photographers ask of a denoiser; see `dipcli.tasks.mixing`."""

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
    def controls(self) -> ControlOptions:
        """These alone, of a task that has other options, too."""
        return ControlOptions(strength=self.strength, detail=self.detail)


AS_RESTORED = ControlOptions()  # the restored picture as it is
