"""Fitting: how fast a network explains a picture, the same with noise, shuffled, or noise.

Ulyanov et al. 2018, figure 2: a natural picture is fitted quickly, noise reluctantly. That
impedance to noise is the prior.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dipcli.errors import UsageError
from dipcli.presets.parametrisation import PRESETS, TARGETS, ParametrisationSettings
from dipcli.settings import Options, setting
from dipcli.tasks.base import Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dipcli.stream.step import Runtime, Step


@dataclass(frozen=True, kw_only=True)
class FitOptions(Options):
    """What is fitted."""

    targets: tuple[str, ...] = setting(
        ("natural",), "What to fit, one curve each.", choices=TARGETS
    )

    def __post_init__(self) -> None:
        """Each target once."""
        super().__post_init__()
        if not self.targets:
            raise UsageError(f"no target; choose from {', '.join(TARGETS)}")
        object.__setattr__(self, "targets", tuple(dict.fromkeys(self.targets)))


class Fit(Task[FitOptions, ParametrisationSettings]):
    """Fit a network to a picture: the parametrisation experiment, with curves.

    \b
    dip fit photo.png --targets natural,noisy,shuffled,noise --curve impedance.png
    """

    name = "fit"
    Options = FitOptions
    Settings = ParametrisationSettings
    presets = PRESETS
    tileable = False  # a curve is of the whole picture

    def steps(self, settings: ParametrisationSettings, runtime: Runtime) -> Iterator[Step]:
        """One run per target; the result is the fitted natural picture, or the first target's.

        notes["curves"] maps each target to its (step, loss) so far, notes["target"] names
        the one being fitted. A time budget is shared equally.
        """
        from dipcli.tasks.fitting import fitted

        return fitted(self.pixels.tensor(runtime.device), self.options.targets, settings, runtime)

    def evidence(
        self, result: NDArray[np.float32], settings: ParametrisationSettings
    ) -> dict[str, object]:
        """Of the fitted picture its noise and how far it is from the one given.

        Of a fitted destroyed version nothing: there is nothing to compare it with.
        """
        from dipcli.tasks.evidence import distance, noise_level

        if "natural" not in self.options.targets:
            return {}
        levels = {"noise_before": noise_level(self.observation), "noise_after": noise_level(result)}
        return {**levels, "residual": distance(self.observation, result)}
