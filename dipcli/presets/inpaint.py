"""Inpainting: by what the hole looks like (tasks.inpaint.geometry)."""

from __future__ import annotations

from dataclasses import dataclass

from dipcli.presets import paper
from dipcli.presets.values import Table, Values
from dipcli.settings import Cost, setting
from dipcli.stages import RestorationSettings

KINDS = ("scattered", "sparse", "text", "object", "large")


@dataclass(frozen=True, kw_only=True)
class InpaintSettings(RestorationSettings):
    """A fit, and passes of the filter or copies of what is known after it."""

    method: str = setting(
        "dip", "The stages.", choices=("dip", "patches", "dip+patches", "dip+copies")
    )

    def cost_of_fit(self, pixels: float, *, float32: bool = False) -> Cost:
        """Of all runs of the network, at half of the side where copies follow."""
        copies = "copies" in self.stages
        return super().cost_of_fit(pixels / 4 if copies else pixels, float32=float32)


_SLIM_WIDE = (32, 64, 128, 128, 128)
_HOURGLASS = (16, 32, 64, 128, 128, 128)
_LOST: Values = {
    "passes": (16, "five pictures: 34.81 dB, with 10: 34.78; the fit alone far below"),
    "stride": (4, "as good as 3, in half the time"),
    "method": (
        "patches",
        "the filter alone is above the fit, 50 to 97 % lost, in a third of the time",
    ),
    "channels": (_SLIM_WIDE, "should it run: width at full resolution matters, +0.5 dB"),
    "iters": (350, "should it run: it peaks at 280"),
    "ema": (0.98, "House, one run: 37.15 against 37.00 with 0.95"),
    "holdout": (0.02, "House, one run: 37.49 against 37.15 with 5 %; every known pixel counts"),
    "patience": (60, "without noise to learn the error keeps falling slowly"),
}
_LOST_FAST: Values = {"passes": (10, "0.03 dB below auto"), "stride": (5, "the time")}
_TEXT: Values = {
    "channels": (_SLIM_WIDE, "as for scattered pixels: thin holes lie close to the known"),
    "upsample": (("nearest",), "as for scattered pixels, and as published for text"),
    "holdout": (0.02, "as for scattered pixels"),
    "patience": (60, "as for scattered pixels"),
}
_REFINED: Values = {
    "method": ("dip+patches", "the filter after the fit"),
    "passes": (12, "the filter after the fit: letters over F16 30.06 -> 30.20 dB in the hole"),
    "stride": (4, "as good as 3, in half the time"),
}
_LARGE: Values = {
    "channels": (_HOURGLASS, "six levels, as published for large holes: far sight"),
    "upsample": (("nearest",), "as published; bilinear leaves a smear in the library"),
    "input": ("mesh", "coordinates alone, as published for the vase: the calmest filling"),
    "jitter": (0.03, "published"),
    "optimizer": ("adam", "Muon drifts to foreign colours where nothing holds it: the vase"),
    "lr": (0.01, "published"),
    "runs": (1, "fillings differ from run to run: their average is a smear"),
    "holdout": (0.02, "what is near the border should be seen"),
    "patience": (100, "the fit improves slowly"),
}
_CONTINUED: Values = {
    "method": ("dip+copies", "copies end the smear of the fit"),
    "passes": (3, "sweeps over the shifts of copies that end the fit's smear: books, a railing"),
}
_ONE_RUN: Values = {"runs": (1, "a second run costs as much again")}
_MANY_RUNS: Values = {"runs": (8, "averaging gains up to six short runs and a little beyond")}

PRESETS: Table = {
    "auto": {
        "scattered": _LOST,
        "sparse": _LOST,
        "text": _TEXT
        | _REFINED
        | {"runs": (1, "a second gains 0.3 dB and doubles the time"), "iters": (220, "the time")},
        "object": _LARGE | _CONTINUED | {"iters": (350, "500 look alike: vase, cap, house")},
        "large": _LARGE | _CONTINUED | {"iters": (500, "350: a piece of a case among the books")},
    },
    "fast": {
        "scattered": _ONE_RUN | _LOST | _LOST_FAST,
        "sparse": _ONE_RUN | _LOST | _LOST_FAST,
        "text": _ONE_RUN | _TEXT | _REFINED | {"iters": (60, "a quarter of auto")},
        "object": _LARGE | _CONTINUED | {"iters": (250, "as for large holes")},
        "large": _LARGE | _CONTINUED | {"iters": (250, "half of auto")},
    },
    "best": {
        "scattered": _MANY_RUNS | _LOST | {"stride": (2, "in colour 0.15 dB over 3")},
        "sparse": _MANY_RUNS | _LOST | {"stride": (2, "as for scattered pixels")},
        "text": _MANY_RUNS | _TEXT | _REFINED | {"iters": (500, "the error falls slowly")},
        "object": _LARGE | _CONTINUED | {"iters": (1500, "as for large holes")},
        "large": _LARGE | _CONTINUED | {"iters": (1500, "three times auto")},
    },
    "paper": paper.INPAINT,
}
