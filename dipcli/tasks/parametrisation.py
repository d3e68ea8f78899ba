"""Fitting: how fast a network explains a picture, the same with noise, shuffled, or noise.

Ulyanov et al. 2018, figure 2: a natural picture is fitted quickly, noise reluctantly. That
impedance to noise is the prior.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dipcli.errors import UsageError
from dipcli.presets.parametrisation import NATURAL, PRESETS, TARGETS, ParametrisationSettings
from dipcli.settings import Options, setting
from dipcli.tasks.base import Task
from dipcli.tasks.companions import Companion

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
    shuffle: str = setting(
        "pixels", "Shuffle whole pixels, or each channel by itself.", choices=("pixels", "channels")
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
    made = "fitted"
    Options = FitOptions
    Settings = ParametrisationSettings
    presets = PRESETS
    companions = (
        Companion(
            "input_picture",
            "Another picture that the network is fed, for --input natural.",
            what="input picture",
            picture=True,
        ),
    )
    detailed = True
    tileable = False  # a curve is of the whole picture

    def settings(self, preset: str = "auto", **overrides: object) -> ParametrisationSettings:
        """As for every task."""
        found = super().settings(preset, **overrides)
        if ("input_picture" in self.arrays) != (found.input == NATURAL):
            raise UsageError("--input natural and --input-picture FILE belong together; give both")
        return found

    def steps(self, settings: ParametrisationSettings, runtime: Runtime) -> Iterator[Step]:
        """The runs of each target; the result is the fitted natural picture, or the first target's.

        notes["curves"] maps each target to its (step, loss) so far, further runs by their number
        ("noise, run 2"); notes["target"] names the one being fitted. A time budget is shared
        equally.
        """
        from dipcli.tasks.arrays import Pixels, to_tensor
        from dipcli.tasks.fitting import Experiment, fitted

        natural = self.arrays.get("input_picture")
        fed = None if natural is None else to_tensor(Pixels.of(natural).values, runtime.device)
        options = self.options
        y = self.pixels.tensor(runtime.device)
        return fitted(Experiment(y, options.targets, options.shuffle, fed), settings, runtime)

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
