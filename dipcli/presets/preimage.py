"""Pre-images: what each prior is given."""

from __future__ import annotations

from dipcli.presets import visualisation
from dipcli.presets.values import Table, Values

_PIXELS: Values = {
    "method": ("pixels", "no network"),
    "optimizer": ("adam", "a grid of pixels is no matrix for Muon"),
    "lr": (0.01, "as the published comparison"),
    "keep": ("best", "Adam overshoots now and then"),
}
_TV: Values = _PIXELS | {
    "tv_weight": (1.0, "to be measured"),
    "tv_beta": (2.0, "Mahendran and Vedaldi 2015, 2.1"),
}
_DIP: Values = {
    "keep": ("best", "Adam overshoots now and then"),
}

PRESETS: Table = {
    "auto": {
        "dip": visualisation.PREIMAGE | _DIP | {"lr": (0.01, "x"), "iters": (600, "x")},
        "tv": _TV | {"iters": (1000, "x")},
        "pixels": _PIXELS | {"iters": (1000, "x")},
    },
    "fast": {
        "dip": visualisation.PREIMAGE | _DIP | {"lr": (0.01, "x"), "iters": (150, "x")},
        "tv": _TV | {"iters": (200, "x")},
        "pixels": _PIXELS | {"iters": (200, "x")},
    },
    "best": {
        "dip": visualisation.PREIMAGE | _DIP | {"iters": (3100, "x")},
        "tv": _TV | {"iters": (3000, "x")},
        "pixels": _PIXELS | {"iters": (3000, "x")},
    },
    "paper": {
        "dip": visualisation.PREIMAGE,
        "tv": _TV | {"iters": (3100, "as many as the network's")},
        "pixels": _PIXELS | {"iters": (3100, "as many as the network's")},
    },
}
