"""What each preset holds, and why: data only.

    auto    the best picture for about a minute per 512x512 on two CPU cores (the default)
    fast    for about the time of a classical filter
    best    when time does not matter
    paper   Ulyanov et al. 2018, as in their published code

A preset is `Settings()` overlaid by what is under its name for every task (""), for the task,
and for the kind of picture or damage, in this order.
"""

from __future__ import annotations

from dipcli.errors import UsageError
from dipcli.settings import Settings

Values = dict[str, tuple[object, str]]  # field -> (value, reason or source)

NAMES = ("auto", "fast", "best", "paper")

_PRESETS: dict[str, dict[tuple[str, str], Values]] = {
    "auto": {
        ("", ""): {},
    },
    "fast": {
        ("", ""): {
            "runs": (1, "one run; averaging two costs twice the time"),
            "iters": (150, "nearest upsampling peaks at 120 to 140 steps"),
        },
    },
    "best": {
        ("", ""): {
            "runs": (8, "averages of short runs gain up to six and more"),
        },
    },
    "paper": {
        ("", ""): {
            "net": ("skip", "the published encoder-decoder"),
            "channels": ((128,) * 5, "published"),
            "skip_channels": ((4,), "published"),
            "upsample": (("bilinear",), "published"),
            "padding": ("reflection", "published"),
            "input": ("noise", "U(0, 0.1), published"),
            "input_depth": (32, "published"),
            "optimizer": ("adam", "published"),
            "lr": (0.01, "published"),
            "runs": (1, "published"),
            "stop": ("none", "a fixed number of steps"),
            "holdout": (0.0, "the loss sees every pixel"),
        },
        ("denoise", ""): {
            "iters": (1800, "the paper's figure; the published notebook has 3000"),
            "jitter": (1 / 30, "published for sigma 25"),
            "ema": (0.99, "published for denoising: 29.22 -> 30.43 dB"),
        },
    },
}


def names() -> tuple[str, ...]:
    """The names of all presets, the default first."""
    return NAMES


def resolve(task: str, preset: str = "auto", kind: str = "") -> Settings:
    """The settings of `preset` for a task and a kind; UsageError for an unknown preset."""
    values = {field: value for field, (value, _) in _overlaid(task, preset, kind).items()}
    return Settings().override(preset=preset, **values)


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
