"""The parametrisation experiment: the bare fit, and its whole curve."""

from __future__ import annotations

from dataclasses import dataclass

from dipcli.architecture import INPUTS
from dipcli.presets import paper
from dipcli.presets.values import USUAL, Table, Values
from dipcli.settings import setting
from dipcli.stages import FitSettings

NATURAL = "natural"  # the input that is a picture of its own
TARGETS = ("natural", "noisy", "shuffled", "noise")


@dataclass(frozen=True, kw_only=True)
class ParametrisationSettings(FitSettings):
    """The fit alone."""

    input: str = setting(
        "pyramid",
        "What the network is fed; picture: what it fits.",
        choices=(*INPUTS, NATURAL),
    )
    runs: int = setting(1, "Curves of each target, from as many seeds.", low=1, high=1000)


_PARAMETRISE: Values = {
    "jitter": (0.0, "the bare parametrisation, as in the paper's figure"),
    "ema": (0.0, "the output itself"),
    "runs": (1, "one curve per target"),
    "stop": ("none", "the whole curve is wanted"),
    "holdout": (0.0, "the loss sees every pixel"),
}

PRESETS: Table = {
    "auto": {USUAL: _PARAMETRISE | {"iters": (500, "the four curves have parted long before")}},
    "fast": {USUAL: _PARAMETRISE | {"iters": (200, "the four curves have parted")}},
    "best": {USUAL: _PARAMETRISE | {"iters": (2000, "noise is fitted in the end")}},
    "paper": paper.PARAMETRISATION,
}
