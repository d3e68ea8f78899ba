"""The preset `paper`, value by value, as written in Ulyanov et al. 2018 and its published code.

The numbers stand here once more on purpose: whoever changes one of them changes it twice.
"""

import pytest

from dipcli.presets.denoise import DenoiseSettings
from dipcli.presets.superres import SuperresSettings
from dipcli.presets.values import resolve
from dipcli.settings import Settings
from dipcli.tasks import TASKS

COMMON = {
    "net": "skip",
    "channels": (128, 128, 128, 128, 128),
    "skip_channels": (4,),
    "up_channels": None,
    "filter_down": (3,),
    "filter_up": (3,),
    "upsample": ("bilinear",),
    "downsample": "stride",
    "padding": "reflection",
    "need_1x1_up": True,
    "input": "noise",
    "input_depth": 32,
    "jitter": 0.03,
    "optimizer": "adam",
    "lr": 0.01,
    "loss": "mse",
    "ema": 0.0,
    "runs": 1,
    "stop": "none",
    "holdout": 0.0,
    "time": None,
}
# What beside the fit a task has: of it the published method uses nothing.
BESIDE: dict[str, dict[str, object]] = {
    "denoise": {
        "method": "dip",
        "pilot_share": 0.0,
        "blend": 1.0,
        "bootstrap": False,
        "tile": None,
    },
    "superres": {
        "method": "dip",
        "kernel": "lanczos2",
        "project": False,
        "repeats": 0,
        "tile": None,
    },
    "inpaint": {"method": "dip", "tile": None},
    "flash": {
        "method": "dip",
        "pilot_share": 0.0,
        "blend": 1.0,
        "bootstrap": False,
        "tile": None,
    },
    "fit": {},
}
OWN: dict[tuple[str, str], dict[str, object]] = {
    ("denoise", ""): {"jitter": 1 / 30, "ema": 0.99, "iters": 1800},
    ("denoise", "jpeg"): {
        "channels": (8, 16, 32, 64, 128),
        "skip_channels": (0, 0, 0, 4, 4),
        "input_depth": 3,
        "jitter": 1 / 30,
        "ema": 0.99,
        "iters": 2400,
    },
    ("superres", "x2"): {"iters": 2000},
    ("superres", "x3"): {"iters": 2000},
    ("superres", "x4"): {"iters": 2000},
    ("superres", "x8"): {"jitter": 0.05, "iters": 4000},
    ("inpaint", "scattered"): {"lr": 0.001, "iters": 11000},
    ("inpaint", "sparse"): {
        "channels": (16, 32, 64, 128, 128),
        "skip_channels": (0,),
        "downsample": "avg",
        "jitter": 0.0,
        "iters": 1000,
    },
    ("inpaint", "text"): {"skip_channels": (128,), "upsample": ("nearest",), "iters": 6001},
    ("inpaint", "large"): {
        "channels": (16, 32, 64, 128, 128, 128),
        "skip_channels": (0,),
        "filter_down": (5,),
        "need_1x1_up": False,
        "upsample": ("nearest",),
        "input_depth": 1,
        "jitter": 0.0,
        "iters": 3001,
    },
    ("inpaint", "object"): {
        "skip_channels": (0,),
        "upsample": ("nearest",),
        "input": "mesh",
        "iters": 5001,
    },
    ("flash", ""): {
        "upsample": ("nearest", "nearest", "bilinear", "bilinear", "bilinear"),
        "input": "picture",
        "input_depth": 3,
        "jitter": 0.0,
        "lr": 0.1,
        "iters": 601,
    },
    ("fit", ""): {"jitter": 0.0, "iters": 2400},
}


def settings(task: str, preset: str, kind: str) -> Settings:
    made = TASKS[task]
    return resolve(made.Settings, made.presets, preset, kind)


@pytest.mark.parametrize(("task", "kind"), OWN, ids=" ".join)
def test_every_value_is_the_published_one(task: str, kind: str) -> None:
    found = settings(task, "paper", kind).to_dict()
    wanted = {**COMMON, **BESIDE[task], **OWN[task, kind]}
    plain = {name: list(v) if isinstance(v, tuple) else v for name, v in wanted.items()}
    assert {name: found[name] for name in plain} == plain


# What the other presets hold, for the values on which speed and quality depend most.
ENLARGED = {"method": "zero-shot+patches"}
CHOSEN = {
    ("auto", "denoise", ""): {"iters": 64, "runs": 1, "passes": 5, "stride": 3, "blend": 0.3},
    ("auto", "denoise", "photo"): {"iters": 140, "ema": 0.95, "details": False},
    ("auto", "denoise", "jpeg"): {"method": "patches", "passes": 4, "stride": 4},
    ("auto", "inpaint", "scattered"): {"method": "patches", "passes": 16, "stride": 4},
    ("auto", "inpaint", "text"): {"runs": 1, "iters": 220, "passes": 12, "stride": 4},
    ("auto", "inpaint", "object"): {"iters": 350, "passes": 3, "optimizer": "adam"},
    ("auto", "inpaint", "large"): {"iters": 500, "input": "mesh", "lr": 0.01, "runs": 1},
    ("auto", "superres", "x2"): {
        "method": "zero-shot+patches",
        "iters": 600,
        "passes": 24,
        "repeats": 0,
    },
    ("auto", "superres", "x4"): {
        "method": "zero-shot+patches",
        "loss": "l1",
        "repeats": 2,
        "stride": 5,
    },
    ("auto", "superres", "x8"): {"method": "dip+patches", "iters": 300, "passes": 16, "repeats": 2},
    ("auto", "fit", ""): {"iters": 500, "runs": 1, "ema": 0.0, "jitter": 0.0},
    ("fast", "denoise", ""): {"method": "patches", "passes": 3, "stride": 5},
    ("fast", "denoise", "photo"): {"method": "patches", "passes": 3, "stride": 4},
    ("fast", "denoise", "jpeg"): {"method": "patches", "passes": 2, "stride": 6},
    ("fast", "inpaint", "sparse"): {"method": "patches", "passes": 10, "stride": 5},
    ("fast", "inpaint", "large"): {"iters": 250},
    ("fast", "superres", "x4"): {"iters": 200, "passes": 8, "repeats": 0},
    ("fast", "superres", "x8"): {"method": "patches", "passes": 8, "repeats": 1},
    ("best", "denoise", ""): {"bootstrap": True, "passes": 6},
    ("best", "inpaint", "object"): {"iters": 1500, "runs": 1},
    ("best", "superres", "x4"): {"runs": 4, "passes": 48, "repeats": 8, "stride": 4},
    ("best", "superres", "x8"): {"runs": 4, "iters": 500, "passes": 24, "stride": 5},
}


@pytest.mark.parametrize(("preset", "task", "kind"), CHOSEN, ids=" ".join)
def test_a_preset_spends_its_time_as_measured(preset: str, task: str, kind: str) -> None:
    found = settings(task, preset, kind).to_dict()
    wanted = CHOSEN[preset, task, kind]
    assert {name: found[name] for name in wanted} == wanted


def test_what_the_network_starts_from() -> None:
    found = SuperresSettings().to_dict()
    assert found["channels"] == [16, 32, 64, 128, 128]
    assert (found["input"], found["input_depth"], found["jitter"]) == ("pyramid", 8, 1 / 30)
    assert (found["optimizer"], found["lr"], found["loss"]) == ("muon", 0.02, "mse")
    assert (found["ema"], found["stop"], found["holdout"]) == (0.95, "holdout", 0.05)
    assert (found["patience"], found["kernel"], found["stride"]) == (30, "bicubic", 3)


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("jitter", 10.0, 10.01),
        ("lr", 1e-6, 0.9e-6),
        ("ema", 0.9999, 1.0),
        ("holdout", 0.9, 0.91),
        ("stride", 6, 7),
        ("stride", 1, 0),
        ("blend", 1.0, 1.01),
        ("passes", 1000, 1001),
        ("runs", 1000, 1001),
        ("tile", 32, 31),
        ("filter_down", 11, 13),
        ("time", 1e-6, 0.0),
    ],
)
def test_a_value_is_in_its_range(name: str, good: object, bad: object) -> None:
    from dipcli.errors import UsageError

    assert DenoiseSettings().override(**{name: good}).to_dict()[name] in (good, [good])
    with pytest.raises(UsageError, match=name.split("_")[0]):
        DenoiseSettings().override(**{name: bad})
