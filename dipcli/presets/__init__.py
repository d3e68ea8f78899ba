"""What each preset holds, and why: data only.

    auto    the best picture for about a minute per 512x512 on two CPU cores (the default)
    fast    for about the time of a classical filter
    best    when time does not matter
    paper   Ulyanov et al. 2018, as in their published code

A preset is `Settings()` overlaid by what is under its name for every task (""), for the task,
and for the kind of picture or damage, in this order.
"""

from __future__ import annotations

from dataclasses import replace

from dipcli.errors import UsageError
from dipcli.presets.paper import PAPER, Values
from dipcli.settings import Settings

NAMES = ("auto", "fast", "best", "paper")

_SLIM_MIDDLE = (16, 32, 64, 128, 128)
_SLIM_WIDE = (32, 64, 128, 128, 128)
_HOURGLASS = (16, 32, 64, 128, 128, 128)

# What the fast network needs for each task, whatever the time allowed.
_DENOISE: Values = {
    "upsample": (("nearest",), "peaks twice as early as bilinear, at the same PSNR"),
}
_FILTERED: Values = {
    "passes": (5, "four pictures, sigma 25: 29.4, 30.2, 30.6, 30.7, 30.8 dB after 1 to 5 passes"),
    "channels": (_SLIM_MIDDLE, "gains 0.05 dB over the filter; 8-16-32-... 0.03, 32-64-... 0.07"),
    "skip_channels": ((4,), "what the filter has right reaches the output as it is"),
    "input": ("picture", "it sees the filter's picture: F16 32.0 dB alone, 30.6 without"),
    "pilot_share": (0.7, "the target keeps 0.3 of the noise; 0.2 or 0.5 gain 0.01 dB less"),
    "blend": (0.3, "best in the mean: 0.2 at sigma 25, 0.5 at 50; smooth pictures want less"),
    "stop": ("none", "with so little noise in the target the error falls to the end"),
    "holdout": (0.0, "the loss sees every pixel"),
}
_JPEG: Values = {
    "runs": (0, "the filter alone"),
    "passes": (4, "nine crops, quality 40: 1.16, 1.34, 1.40 dB after 1 to 3 passes, 1.43 after 5"),
    "stride": (4, "3 gains 0.01 dB"),
}
_LOST: Values = {
    "passes": (16, "five pictures: 34.81 dB, with 10: 34.78; the fit alone far below"),
    "stride": (4, "as good as 3, in half the time"),
    "runs": (0, "the filter alone is above the fit, 50 to 97 % lost, in a third of the time"),
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
    "passes": (3, "sweeps over the shifts of copies that end the fit's smear: books, a railing"),
}
_ENLARGE: Values = {
    "net": ("plain", "three of Set5 x4: 31.3 dB, what an hourglass fits 30.55, each filtered"),
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
    "net": ("slim", "four of Set5 x8: 25.4 dB, plain 25.1: too little is left to learn from"),
    "channels": (_SLIM_WIDE, "as for single pixels: width matters"),
    "loss": ("mse", "as for every hourglass"),
    "iters": (300, "three of Set5 x8: 25.3 dB after 180 steps, 25.6 after 300, 23.9 after 60"),
    "passes": (16, "at half of the side, before the first repeat: without them 0.2 dB less"),
    "repeats": (2, "six pictures: 25.65 dB, 25.82, 25.91, 25.95, 25.99, 26.00, 26.01 after 0 to 6"),
    "stride": (6, "the time"),
}
_PARAMETRISE: Values = {
    "jitter": (0.0, "the bare parametrisation, as in the paper's figure"),
    "ema": (0.0, "the output itself"),
    "runs": (1, "one curve per target"),
    "stop": ("none", "the whole curve is wanted"),
    "holdout": (0.0, "the loss sees every pixel"),
}

_PRESETS: dict[str, dict[tuple[str, str], Values]] = {
    "auto": {
        ("denoise", ""): _DENOISE
        | _FILTERED
        | {
            "runs": (1, "a second gains 0.02 dB for as long again"),
            "iters": (140, "250 cost more than they gain"),
        },
        ("denoise", "jpeg"): _JPEG,
        ("inpaint", "scattered"): _LOST,
        ("inpaint", "sparse"): _LOST,
        ("inpaint", "text"): _TEXT
        | _REFINED
        | {"runs": (1, "a second gains 0.3 dB and doubles the time"), "iters": (220, "the time")},
        ("inpaint", "object"): _LARGE | _CONTINUED | {"iters": (500, "as for large holes")},
        ("inpaint", "large"): _LARGE | _CONTINUED | {"iters": (500, "the filling settles late")},
        ("superres", ""): _ENLARGE | {"iters": (600, "300 lose 0.2 dB, 1200 gain nothing")},
        ("superres", "x4"): {"repeats": (2, "six pictures: 30.81, 30.95, 31.00, 31.02 dB")},
        ("superres", "repeat"): _AGAIN,
        ("superres", "x8"): _ENLARGE_FAR,
        ("fit", ""): _PARAMETRISE | {"iters": (500, "the four curves have parted long before")},
    },
    "fast": {
        ("", ""): {"runs": (1, "a second run costs as much again")},
        ("denoise", ""): _DENOISE
        | _FILTERED
        | {
            "runs": (0, "the filter alone"),
            "passes": (3, "the time"),
            "stride": (4, "twice as fast as 3, 0.03 dB lower"),
        },
        ("denoise", "jpeg"): _JPEG | {"passes": (2, "the time"), "stride": (6, "0.04 dB below 4")},
        ("inpaint", "scattered"): _LOST | _LOST_FAST,
        ("inpaint", "sparse"): _LOST | _LOST_FAST,
        ("inpaint", "text"): _TEXT | _REFINED | {"iters": (60, "a quarter of auto")},
        ("inpaint", "object"): _LARGE | _CONTINUED | {"iters": (250, "as for large holes")},
        ("inpaint", "large"): _LARGE | _CONTINUED | {"iters": (250, "half of auto")},
        ("superres", ""): _ENLARGE
        | {
            "iters": (200, "the time"),
            "passes": (8, "the time"),
        },
        ("superres", "repeat"): _AGAIN | {"passes": (4, "the time")},
        ("superres", "x8"): _ENLARGE_FAR
        | {
            "runs": (0, "the filter alone, from an interpolated picture: as good as 60 steps"),
            "passes": (8, "half of auto"),
            "repeats": (1, "the time"),
        },
        ("fit", ""): _PARAMETRISE | {"iters": (200, "the four curves have parted")},
    },
    "best": {
        ("", ""): {"runs": (8, "averaging gains up to six short runs and a little beyond")},
        ("denoise", ""): _DENOISE
        | _FILTERED
        | {
            "channels": (_SLIM_WIDE, "gains 0.02 dB over half of the width, at twice the time"),
            "passes": (6, "0.01 dB more than 5"),
            "runs": (2, "four gain 0.005 dB and take twice as long"),
            "blend": (0.4, "the mean of wide networks deserves more than one narrow one"),
            "bootstrap": (True, "+0.04 dB at sigma 25, +0.08 at 50; twice the time"),
            "iters": (150, "more learn the noise that is left in the target"),
        },
        ("denoise", "jpeg"): _JPEG | {"passes": (6, "0.02 dB"), "stride": (3, "0.01 dB")},
        ("inpaint", "scattered"): _LOST | {"stride": (2, "in colour 0.15 dB over 3")},
        ("inpaint", "sparse"): _LOST | {"stride": (2, "as for scattered pixels")},
        ("inpaint", "text"): _TEXT | _REFINED | {"iters": (500, "the error falls slowly")},
        ("inpaint", "object"): _LARGE | _CONTINUED | {"iters": (1500, "as for large holes")},
        ("inpaint", "large"): _LARGE | _CONTINUED | {"iters": (1500, "three times auto")},
        ("superres", ""): _ENLARGE
        | {
            "channels": ((64,) * 7, "0.02 dB over 48 in five layers"),
            "runs": (4, "two gain 0.01 dB"),
            "iters": (600, "1200 gain nothing"),
            "passes": (48, "with a stride of 4 0.03 dB"),
            "stride": (4, "as above"),
        },
        ("superres", "x4"): {"repeats": (8, "each of the later ones still gains 0.02 dB")},
        ("superres", "repeat"): _AGAIN
        | {"iters": (300, "more than enough"), "passes": (8, "0.02 dB over 6 at x8")},
        ("superres", "x8"): _ENLARGE_FAR
        | {
            "runs": (4, "ten minutes"),
            "iters": (500, "bird x4: 32.64 dB at 300, 32.9 at 400"),
            "passes": (24, "40 lose"),
            "repeats": (8, "as at x4"),
            "stride": (5, "as good as 4"),
        },
        ("fit", ""): _PARAMETRISE | {"iters": (2000, "noise is fitted in the end")},
    },
    "paper": PAPER,
}


def names() -> tuple[str, ...]:
    """The names of all presets, the default first."""
    return NAMES


def resolve(task: str, preset: str = "auto", kind: str = "") -> Settings:
    """The settings of `preset` for a task and a kind; UsageError for an unknown preset."""
    values = {field: value for field, (value, _) in _overlaid(task, preset, kind).items()}
    return Settings().override(preset=preset, **values)


def lesson(settings: Settings) -> Settings:
    """What repeats of an enlargement run with: their own part of the preset, within `settings`."""
    own = resolve("superres", settings.preset, "repeat")
    network = ("channels", "loss", "optimizer", "lr") if settings.net == "plain" else ()
    iters, passes = min(own.iters, settings.iters), min(own.passes, settings.passes)
    kept = {name: getattr(settings, name) for name in ("kernel", "stride", *network)}
    return replace(own, iters=iters, passes=passes, **kept)


def _overlaid(task: str, preset: str, kind: str) -> Values:
    if preset not in _PRESETS:
        raise UsageError(f"unknown preset {preset!r}; choose from {', '.join(NAMES)}")
    table = _PRESETS[preset]
    keys = dict.fromkeys([("", ""), (task, ""), (task, kind)])
    return {field: value for key in keys for field, value in table.get(key, {}).items()}


def describe(preset: str) -> list[dict[str, object]]:
    """Every value that `preset` sets, as rows: task, kind, field, value, reason."""
    if preset not in _PRESETS:
        raise UsageError(f"unknown preset {preset!r}; choose from {', '.join(NAMES)}")
    return [
        {"task": task, "kind": kind, "field": field, "value": value, "reason": reason}
        for (task, kind), values in _PRESETS[preset].items()
        for field, (value, reason) in values.items()
    ]
