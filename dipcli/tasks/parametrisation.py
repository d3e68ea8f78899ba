"""Fitting: how fast a network explains a picture, the same with noise, shuffled, or noise.

Ulyanov et al. 2018, figure 2: a natural picture is fitted quickly, noise reluctantly. That
impedance to noise is the prior.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dipcli.errors import UsageError
from dipcli.presets.parametrisation import PRESETS, TARGETS, ParametrisationSettings
from dipcli.tasks.base import Task

if TYPE_CHECKING:
    from dipcli.steps.step import Runtime, Step


class Fit(Task[ParametrisationSettings]):
    """Fit the network to the picture itself, and to its destroyed versions."""

    name = "fit"
    Settings = ParametrisationSettings
    presets = PRESETS
    divisible = False  # a curve is of the whole picture

    def __init__(self, image: NDArray[Any], targets: Sequence[str]) -> None:
        """targets: some of TARGETS, fitted one after the other."""
        super().__init__(image)
        unknown = [target for target in targets if target not in TARGETS]
        if unknown or not targets:
            raise UsageError(f"unknown target {unknown}; choose from {', '.join(TARGETS)}")
        self.targets = tuple(dict.fromkeys(targets))

    def steps(self, settings: ParametrisationSettings, runtime: Runtime) -> Iterator[Step]:
        """One run per target; the result is the fitted natural picture, or the first target's.

        notes["curves"] maps each target to its (step, loss) so far, notes["target"] names
        the one being fitted. A time budget is shared equally.
        """
        from dipcli.tasks.fitting import fitted

        return fitted(self.pixels.tensor(runtime.device), self.targets, settings, runtime)

    def evidence(
        self, result: NDArray[np.float32], settings: ParametrisationSettings
    ) -> dict[str, object]:
        """Of the fitted picture its noise and how far it is from the one given.

        Of a fitted destroyed version nothing: there is nothing to compare it with.
        """
        from dipcli.tasks.evidence import distance, level

        if "natural" not in self.targets:
            return {}
        levels = {"noise_before": level(self.observation), "noise_after": level(result)}
        return {**levels, "residual": distance(self.observation, result)}


def fit(image: NDArray[Any], *, targets: Sequence[str] = ("natural",)) -> Fit:
    """The task of fitting a network to `image` and to destroyed versions of it.

    targets: some of natural, noisy, shuffled, noise. Raises UsageError.
    """
    return Fit(image, targets)
