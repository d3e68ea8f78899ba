"""Super-resolution: what is learnt from the picture's own reductions, then the filter."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

from dipcli.presets import paper
from dipcli.presets.values import USUAL, Table, Values, resolve
from dipcli.settings import FIRST, Cost, setting
from dipcli.stages import BYTES_AT_ONCE, BYTES_BESIDE_FIT, RestorationSettings

KERNELS = ("lanczos2", "lanczos3", "bicubic", "box", "gauss")
KINDS = ("x4", "x2", "x3", "x8", "x16")
ZERO_SHOT = "zero-shot"
# Measured: a step of zero-shot learning whatever the size, and what is applied to the picture.
SECONDS_PER_LESSON, SECONDS_PER_LESSON_MAC = 0.004, 6.2e-8
SECONDS_APPLIED, SECONDS_APPLIED_MAC = 2.4, 1.9e-5


@dataclass(frozen=True, kw_only=True)
class SuperresSettings(RestorationSettings):
    """What explains the small picture, made consistent with it, filtered; again and again.

    zero-shot: plain layers, `channels` wide, learn from the picture's own reductions how to
    enlarge it (learning.zero_shot); dip: an hourglass is fitted.
    """

    method: str = setting(
        "dip",
        "The stages.",
        choices=("dip", "patches", "dip+patches", "zero-shot", "zero-shot+patches"),
    )
    kernel: str = setting(
        "bicubic",
        "What made the small picture; as the preset says.",
        choices=KERNELS,
        heading=FIRST,
    )
    project: bool = setting(
        True, "Move the result to the nearest picture that gives the small one.", flag=False
    )
    repeats: int = setting(
        0,
        "Times that the result, reduced, is learnt from to enlarge it again.",
        low=0,
        high=1000,
        flag=False,
    )

    @property
    def learns(self) -> bool:
        """Whether plain layers learn to enlarge, in the place of a fitted hourglass."""
        return ZERO_SHOT in self.stages

    @property
    def planned(self) -> int:
        """Steps of one enlargement, if none is left out."""
        return self.planned_fit + 1 + self.planned_passes

    def again(self) -> SuperresSettings:
        """What a repeat runs with: its own part of the preset, within these settings."""
        own = resolve(SuperresSettings, PRESETS, self.preset, REPEAT)
        network = ("channels", "loss", "optimizer", "lr") if self.learns else ()
        iters, passes = min(own.iters, self.iters), min(own.passes, self.passes)
        kept = {name: getattr(self, name) for name in ("kernel", "stride", *network)}
        return replace(own, iters=iters, passes=passes, **kept)

    def cost(self, pixels: float, *, float32: bool = False) -> Cost:
        """Of the first enlargement, of half of the side if it is to be enlarged again."""
        half = self.repeats and not self.learns
        found = self.cost_of_one(pixels / 4 if half else pixels, float32=float32)
        for _ in range(self.repeats):
            found = found.then(self.again().cost_of_one(pixels, float32=float32))
        return found

    def cost_of_one(self, pixels: float, *, float32: bool = False) -> Cost:
        """Of one enlargement."""
        if not self.learns:
            return super().cost(pixels, float32=float32)
        macs: float = sum(9 * a * b for a, b in pairwise((3, *self.channels, 3)))
        lesson = SECONDS_PER_LESSON + macs * SECONDS_PER_LESSON_MAC
        applied = (SECONDS_APPLIED + macs * SECONDS_APPLIED_MAC) * pixels / 1e6
        seconds = self.runs * (self.iters * lesson + applied)
        found = Cost(seconds, BYTES_AT_ONCE + BYTES_BESIDE_FIT * pixels)
        return found.then(self.cost_of_filter(pixels)) if self.filters else found


_SLIM_WIDE = (32, 64, 128, 128, 128)
_ENLARGE: Values = {
    "method": (
        "zero-shot+patches",
        "three of Set5 x4: 31.3 dB, what an hourglass fits 30.55, each filtered",
    ),
    "channels": ((48,) * 5, "64 as good for a fifth more; 32: 0.05 dB less"),
    "loss": ("l1", "as published"),
    "upsample": (("bilinear",), "of an hourglass: Lena x4 27.43 against 26.84 nearest"),
    "holdout": (0.0, "few pixels are there, and hardly any noise to learn"),
    "stop": ("none", "held-out pixels are too few to tell"),
    "runs": (1, "a second gains 0.01 dB"),
    "passes": (24, "from the network's picture 30.7 -> 31.3 dB"),
    "stride": (5, "4 gains 0.02 dB for twice the time"),
}
_AGAIN: Values = {
    "iters": (200, "x4: 400 are no better; x8: 400 gain 0.02 dB"),
    "runs": (1, "a second gains as little as in the beginning"),
    "passes": (6, "8 gain 0.02 dB at x8, nothing at x4; 3 lose 0.02 dB each time"),
}
_ENLARGE_FAR: Values = {
    "method": (
        "dip+patches",
        "four of Set5 x8: 25.4 dB, zero-shot 25.1: too little is left to learn from",
    ),
    "channels": (_SLIM_WIDE, "as for single pixels: width matters"),
    "loss": ("mse", "as for every hourglass"),
    "iters": (300, "three of Set5 x8: 25.3 dB after 180 steps, 25.6 after 300, 23.9 after 60"),
    "passes": (16, "at half of the side, before the first repeat: without them 0.2 dB less"),
    "repeats": (2, "six pictures: 25.65 dB, 25.82, 25.91, 25.95, 25.99, 26.00, 26.01 after 0 to 6"),
    "stride": (6, "the time"),
}

REPEAT = "repeat"  # the kind that holds what the repeats of an enlargement run with
PRESETS: Table = {
    "auto": {
        USUAL: _ENLARGE | {"iters": (600, "300 lose 0.2 dB, 1200 gain nothing")},
        "x4": {"repeats": (2, "six pictures: 30.81, 30.95, 31.00, 31.02 dB")},
        REPEAT: _AGAIN,
        "x8": _ENLARGE_FAR,
    },
    "fast": {
        USUAL: _ENLARGE | {"iters": (200, "the time"), "passes": (8, "the time")},
        REPEAT: _AGAIN | {"passes": (4, "the time")},
        "x8": _ENLARGE_FAR
        | {
            "method": ("patches", "from an interpolated picture: as good as 60 steps of a fit"),
            "passes": (8, "half of auto"),
            "repeats": (1, "the time"),
        },
    },
    "best": {
        USUAL: _ENLARGE
        | {
            "channels": ((64,) * 7, "0.02 dB over 48 in five layers"),
            "runs": (4, "two gain 0.01 dB"),
            "iters": (600, "1200 gain nothing"),
            "passes": (48, "with a stride of 4 0.03 dB"),
            "stride": (4, "as above"),
        },
        "x4": {"repeats": (8, "each of the later ones still gains 0.02 dB")},
        REPEAT: _AGAIN
        | {"iters": (300, "more than enough"), "passes": (8, "0.02 dB over 6 at x8")},
        "x8": _ENLARGE_FAR
        | {
            "runs": (4, "ten minutes"),
            "iters": (500, "bird x4: 32.64 dB at 300, 32.9 at 400"),
            "passes": (24, "40 lose"),
            "repeats": (8, "as at x4"),
            "stride": (5, "as good as 4"),
        },
    },
    "paper": paper.SUPERRES,
}
