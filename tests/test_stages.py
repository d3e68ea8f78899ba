"""Settings by stage: what stands where nothing was said, what is refused, and what it costs."""

import pytest

from dipcli.errors import UsageError
from dipcli.presets.denoise import PRESETS, DenoiseSettings
from dipcli.presets.values import resolve
from dipcli.stages import FilterSettings, FitSettings, TileSettings, unused

MEGAPIXEL = 1e6
NARROW = (8, 16, 32, 64, 128)


def test_the_defaults_of_a_fit() -> None:
    found = FitSettings()
    assert (found.jitter, found.lr, found.ema) == (1 / 30, 0.02, 0.95)
    assert (found.iters, found.runs, found.holdout, found.patience) == (200, 2, 0.05, 30)
    assert (found.optimizer, found.loss, found.stop) == ("muon", "mse", "holdout")


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("ema", 0.9999, 1.0),
        ("holdout", 0.9, 0.91),
        ("lr", 1e-6, 0.0),
        ("input_depth", 512, 513),
        ("iters", 1, 0),
        ("jitter", 10, 10.1),
        ("patience", 1, 0),
    ],
)
def test_bounds(name: str, good: float, bad: float) -> None:
    assert getattr(FitSettings().override(**{name: good}), name) == good
    with pytest.raises(UsageError, match=name):
        FitSettings().override(**{name: bad})


def test_a_tile_has_32_pixels_at_least() -> None:
    assert TileSettings(tile=32).tile == 32
    with pytest.raises(UsageError, match="at least 32"):
        TileSettings(tile=31)


def test_auto_leaves_a_setting_as_it_is() -> None:
    assert FitSettings().override(net="auto", optimizer="auto", iters=None) == FitSettings()


def test_what_a_fit_and_a_filter_cost_is_what_was_measured() -> None:
    """Per megapixel: 0.4 s a step of the narrow net, 2.4 s a pass of stride 4, 0.85 GB."""
    narrow = FitSettings(channels=NARROW, runs=1, iters=1).cost(MEGAPIXEL)
    assert narrow.seconds == pytest.approx(0.4, abs=0.02)
    of_pass = FilterSettings(passes=1, stride=4).cost(MEGAPIXEL)
    assert of_pass.seconds == pytest.approx(2.4, abs=0.05)
    auto = resolve(DenoiseSettings, PRESETS, "auto")
    assert 0.8e9 < auto.cost(MEGAPIXEL).bytes - 0.25e9 < 0.9e9
    published = resolve(DenoiseSettings, PRESETS, "paper").cost(MEGAPIXEL)
    assert published.bytes - 0.25e9 == pytest.approx(4.3e9, rel=0.05)
    float32 = resolve(DenoiseSettings, PRESETS, "paper").cost(MEGAPIXEL, float32=True)
    assert (float32.bytes - 0.25e9) / (published.bytes - 0.25e9) == pytest.approx(1.4)


@pytest.mark.parametrize(
    ("net", "least"), [("slim", 0.025), ("skip", 0.025), ("unet", 0.025), ("resnet", 0.008)]
)
def test_a_step_on_a_small_picture_takes_its_time(net: str, least: float) -> None:
    """Measured at 32x32: 30, 33, 37 and 8 ms; by the pixels alone it would be 1 ms."""
    settings = FitSettings(net=net, runs=1, iters=400)
    assert settings.cost(32 * 32).seconds == pytest.approx(400 * least)
    assert settings.cost(4 * MEGAPIXEL).seconds == pytest.approx(
        4 * settings.cost(MEGAPIXEL).seconds
    )


@pytest.mark.parametrize(
    ("net", "side", "measured"),
    [("resnet", 512, 2.93e9), ("resnet", 256, 1.01e9), ("decoder", 256, 0.15e9)],
)
def test_what_a_network_holds_is_what_was_measured(net: str, side: int, measured: float) -> None:
    """Bytes over those of the process, the published preset with another network."""
    settings = resolve(DenoiseSettings, PRESETS, "paper").override(net=net)
    assert settings.cost(side * side).bytes - 0.25e9 == pytest.approx(measured, rel=0.2)


def test_what_changes_nothing() -> None:
    """Of an hourglass nothing where there is none, of a network nothing beside a filter."""
    hourglass = {"net", "skip_channels", "upsample", "input", "input_depth", "jitter", "ema"}
    hourglass |= {"stop", "padding", "filter_down", "tv", "optimize"}
    layers = {"channels", "loss", "optimizer", "lr"}
    assert unused({"method": "patches+dip"}) == set()
    learnt, alone = unused({"method": "zero-shot+patches"}), unused({"method": "patches"})
    assert hourglass <= learnt and not layers & learnt
    assert alone == learnt | layers | {"iters", "runs", "seed"}
    assert unused({"method": "patches", "bootstrap": True}) == alone - {"seed"}
    assert unused({"method": "patches", "repeats": 1}) == alone - {"iters", "runs", "seed"}
