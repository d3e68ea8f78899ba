"""The rule of unused settings holds for what the tasks really do."""

import numpy as np
import pytest

import dipcli
from dipcli.presets.denoise import DenoiseSettings
from dipcli.presets.values import resolve
from dipcli.stages import unused
from dipcli.tasks import TASKS

# Values of every network setting that differ from every preset's.
OTHER = {
    "net": "skip",
    "channels": (4, 8),
    "skip_channels": (2,),
    "upsample": ("bilinear",),
    "input": "noise",
    "input_depth": 3,
    "jitter": 0.2,
    "lr": 0.3,
    "optimizer": "adam",
    "loss": "charbonnier",
    "ema": 0.5,
    "stop": "variance",
    "iters": 1,
    "runs": 3,
    "skips": "identity",
    "up_channels": (5,),
    "filter_down": (5,),
    "filter_up": (1,),
    "downsample": "avg",
    "padding": "reflection",
    "norm": "instance",
    "need_1x1_up": False,
    "more_layers": 1,
    "blocks": 2,
    "optimize": ("input",),
    "tv": 0.1,
}


def drawn(draw, size=16):
    noise = np.random.default_rng(1).normal(0, 20, (size, size, 3))
    return np.clip(draw(size, size) + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("task", "options", "kind"),
    [
        ("denoise", {"sigma": 20.0}, ""),
        ("denoise", {"noise": "jpeg"}, "jpeg"),
        ("denoise", {"noise": "impulse"}, ""),
        ("superres", {"scale": 2}, "x2"),
    ],
)
def test_what_is_unused_changes_no_pixel(task, options, kind, draw):
    picture = drawn(draw)
    restore = getattr(dipcli, task)
    least = {"iters": 2} if task == "superres" else {}
    made = TASKS[task]
    settings = resolve(made.Settings, made.presets, "fast", kind).override(**least)
    idle = unused(settings.to_dict())
    assert idle
    plain = restore(picture, preset="fast", device="cpu", **options, **least).image
    for name in sorted(idle):
        more = {"seed": 5} if name == "seed" else {name: OTHER[name]}
        found = restore(picture, preset="fast", device="cpu", **options, **least, **more).image
        assert np.array_equal(found, plain), name


def test_repeats_have_a_network_of_their_own():
    """At x8 `fast` begins with the filter; the plain layers that follow have their own values."""
    idle = unused(
        resolve(TASKS["superres"].Settings, TASKS["superres"].presets, "fast", "x8").to_dict()
    )
    assert {"lr", "channels", "jitter"} <= idle
    assert not {"seed", "iters"} & idle


def test_a_network_uses_all(draw):
    assert unused(DenoiseSettings().to_dict()) == {"need_1x1_up", "more_layers", "blocks"}
    assert "skip_channels" in unused(DenoiseSettings().override(skips="identity").to_dict())
    assert not unused({})
    picture = drawn(draw)
    tiny = {"iters": 2, "runs": 1, "channels": (4, 8), "device": "cpu", "sigma": 20.0}
    plain = dipcli.denoise(picture, **tiny).image
    for more in ({"lr": 0.3}, {"seed": 5}, {"jitter": 0.5}):
        assert not np.array_equal(dipcli.denoise(picture, **tiny, **more).image, plain), more
