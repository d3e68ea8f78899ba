"""Activation maximisation."""

from __future__ import annotations

from dataclasses import dataclass

from dipcli.presets import visualisation
from dipcli.presets.values import Table, Values
from dipcli.presets.visualisation import VisualisationSettings
from dipcli.settings import setting


@dataclass(frozen=True, kw_only=True)
class MaximizeSettings(VisualisationSettings):
    """How a picture is sought that excites a unit."""

    window: int = setting(
        20, "Half the side of the middle of the map that counts.", low=1, high=10_000
    )


_DIP: Values = {
    "channels": ((16, 32, 64, 128, 128), "slim, as for pre-images"),
    "skip_channels": ((0,), "as for pre-images"),
    "optimizer": ("muon", "as for pre-images"),
    "lr": (0.02, "as the other tasks"),
    "jitter": (0.03, "as published"),
    "keep": ("last", "as published: with jitter the highest activation is chance"),
}
_PIXELS: Values = {
    "method": ("pixels", "no network"),
    "optimizer": ("adam", "a grid of pixels is no matrix for Muon"),
    "lr": (0.01, "as in the published comparison"),
    "keep": ("last", "as published"),
}
_TV: Values = _PIXELS | {
    "tv_weight": (3300.0, "1e-6 of the sum over pixels in 0..255, as in the published comparison"),
}


def _steps(number: int, reason: str) -> dict[str, Values]:
    """Every prior with so many steps."""
    iters: Values = {"iters": (number, reason)}
    return {"dip": _DIP | iters, "tv": _TV | iters, "pixels": _PIXELS | iters}


PRESETS: Table = {
    "auto": _steps(400, "as for pre-images"),
    "fast": _steps(80, "a fifth of auto; not measured"),
    "best": _steps(3000, "about as many as published; not measured"),
    "paper": {
        "dip": visualisation.MAXIMIZE,
        "tv": _TV | {"iters": (3100, "as many as the network's")},
        "pixels": _PIXELS | {"iters": (3100, "as many as the network's")},
    },
}
