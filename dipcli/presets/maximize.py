"""Activation maximisation."""

from __future__ import annotations

from dataclasses import dataclass

from dipcli.presets import visualisation
from dipcli.presets.values import USUAL, Table, Values
from dipcli.presets.visualisation import VisualisationSettings
from dipcli.settings import setting


@dataclass(frozen=True, kw_only=True)
class MaximizeSettings(VisualisationSettings):
    """How a picture is sought that excites a unit."""

    window: int = setting(
        20, "Half the side of the middle of the map that counts.", low=1, high=10_000
    )


_PIXELS: Values = {}
PRESETS: Table = {
    "auto": {USUAL: visualisation.MAXIMIZE | {"lr": (0.01, "x"), "iters": (400, "x")}},
    "fast": {USUAL: visualisation.MAXIMIZE | {"lr": (0.01, "x"), "iters": (100, "x")}},
    "best": {USUAL: visualisation.MAXIMIZE},
    "paper": {USUAL: visualisation.MAXIMIZE},
}
