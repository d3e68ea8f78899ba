"""Pre-images: what each prior is given."""

from __future__ import annotations

from dipcli.presets import visualisation
from dipcli.presets.values import Table, Values

_DIP: Values = {
    "channels": ((16, 32, 64, 128, 128), "slim: seven times as many steps as published in a time"),
    "skip_channels": ((0,), "4: early +0.5 dB, middle layers -6"),
    "optimizer": ("muon", "an early layer, 64x64, 6 s: 35.1 dB; the published one, Adam: 17.5"),
    "lr": (0.02, "as the other tasks"),
    "jitter": (0.0, "as published: features are free of noise"),
    "keep": ("best", "the loss is not steady at this rate"),
}
_PIXELS: Values = {
    "method": ("pixels", "no network"),
    "optimizer": ("adam", "a grid of pixels is no matrix for Muon"),
    "lr": (0.01, "as in the published comparison"),
    "keep": ("best", "Adam overshoots now and then"),
}
_TV: Values = _PIXELS | {
    "tv_weight": (1.0, "of 0.01, 0.1, 1: early 31.2, 40.9, 41.6 dB; middle 13.9, 14.9, 17.6"),
    "tv_beta": (2.0, "Mahendran and Vedaldi 2015, 2.1"),
}


def _steps(number: int, reason: str) -> dict[str, Values]:
    """Every prior with so many steps."""
    iters: Values = {"iters": (number, reason)}
    return {"dip": _DIP | iters, "tv": _TV | iters, "pixels": _PIXELS | iters}


PRESETS: Table = {
    "auto": _steps(400, "80 s of one thread for 224x224 with EfficientNet-Lite0"),
    "fast": _steps(80, "a fifth of auto; not measured"),
    "best": _steps(3000, "about as many as published; not measured"),
    "paper": {
        "dip": visualisation.PREIMAGE,
        "tv": _TV | {"iters": (3100, "as many as the network's")},
        "pixels": _PIXELS | {"iters": (3100, "as many as the network's")},
    },
}
