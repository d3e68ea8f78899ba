"""Settings by stage, each with its unit, its range and its cost; a task joins those it has.

Tuples over levels run from full resolution to the coarsest level; a tuple of one value means the
same on every level.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dipcli.errors import UsageError
from dipcli.settings import Cost, Settings, setting

# The architectures whose structure is the prior, each a level of an hourglass in its own file.
NETWORKS = {
    "slim": "dipcli.prior.networks.slim:SlimLevel",
    "skip": "dipcli.prior.networks.skip:SkipLevel",
}
UPSAMPLES = ("nearest", "bilinear")
DOWNSAMPLES = ("stride", "avg", "max", "lanczos2", "lanczos3")
PADDINGS = ("zero", "reflection")
INPUTS = ("pyramid", "noise", "mesh", "fourier", "picture")
OPTIMIZERS = ("muon", "adam")
LOSSES = ("mse", "l1", "charbonnier")
STOPS = ("holdout", "variance", "none")
CHAINED = 3  # passes of the filter in denoising that are made in turn; up to three more beside
LEAST_TILE = 32  # pixels

# Measured on two cores with bfloat16, per megapixel: a step of the slim net takes 0.37 s and
# 1.45e-5 s for each multiplication per pixel (0.4 s for 8-16-32-64-128, 0.7 s for
# 32-64-128-128-128); a pass of the filter at stride 4 takes 6 s, one beside others 13 s.
SECONDS_PER_STEP = 0.37
SECONDS_PER_MAC = 1.45e-5
SECONDS_PER_PASS = 96.0  # over the square of the stride
SECONDS_BESIDE = 13.0

# Measured: 0.85 GB per megapixel for the slim net (16-32-64-128-128) with bfloat16 after the
# filter, 0.25 GB whatever the size; 4.3 GB per megapixel for the published net; in float32
# 1.4 times as much. It grows with the channels at each level.
BYTES_PER_CHANNEL = 25.0  # per pixel
BYTES_OF_FILTER = 330.0  # per pixel, of its passes
BYTES_BESIDE_FIT = 100.0  # per pixel, of what a filter leaves for the fit
BYTES_AT_ONCE = 2.5e8  # whatever the size
FLOAT32 = 1.4


@dataclass(frozen=True, kw_only=True)
class NetworkSettings(Settings):
    """The network whose structure is the prior (prior.networks), and its input z (prior.inputs)."""

    net: str = setting("slim", "The network.", choices=NETWORKS)
    channels: tuple[int, ...] = setting(
        (16, 32, 64, 128, 128), "Channels per level, from fine to coarse.", low=1
    )
    skip_channels: tuple[int, ...] = setting((0,), "Channels of the skips per level.", low=0)
    up_channels: tuple[int, ...] | None = setting(
        None, "Channels on the way up; as channels.", low=1, flag=False
    )
    filter_down: tuple[int, ...] = setting((3,), "Filter sizes on the way down.", flag=False)
    filter_up: tuple[int, ...] = setting((3,), "Filter sizes on the way up.", flag=False)
    upsample: tuple[str, ...] = setting(
        ("nearest",), "How the network enlarges; one, or one per level.", choices=UPSAMPLES
    )
    downsample: str = setting("stride", "How it reduces.", choices=DOWNSAMPLES, flag=False)
    padding: str = setting("zero", "What lies beyond the edge.", choices=PADDINGS, flag=False)
    need_1x1_up: bool = setting(
        True, "The skip net's 1x1 convolution after each upward one.", flag=False
    )
    input: str = setting("pyramid", "What the network is fed.", choices=INPUTS)
    input_depth: int = setting(8, "Channels of that input.", low=1, high=512)

    def __post_init__(self) -> None:
        """Check what belongs together, too."""
        super().__post_init__()
        if not 1 <= len(self.channels) <= 8:
            raise UsageError("channels must be 1 to 8 positive numbers, from fine to coarse")
        for name in ("skip_channels", "up_channels", "filter_down", "filter_up", "upsample"):
            given = getattr(self, name)
            if given is not None and len(given) not in (1, self.levels):
                raise UsageError(f"{name} has {len(given)} values for {self.levels} levels")
        if any(k % 2 == 0 or not 1 <= k <= 11 for k in self.filter_down + self.filter_up):
            raise UsageError("filter sizes must be odd numbers from 1 to 11")

    @property
    def levels(self) -> int:
        """How many times the network halves the picture."""
        return len(self.channels)

    def per_level(self, name: str) -> tuple[Any, ...]:
        """The field `name` with one value for each level."""
        value = getattr(self, name)
        value = self.channels if value is None else value
        return tuple(value) if len(value) == self.levels else tuple(value) * self.levels


@dataclass(frozen=True, kw_only=True)
class FitSettings(NetworkSettings):
    """The fit (prior.fit), its runs (prior.ensemble) and when they stop (prior.stopping)."""

    jitter: float = setting(
        1 / 30, "Standard deviation of the noise added to the input at each step.", low=0, high=10
    )
    optimizer: str = setting("muon", "The optimizer.", choices=OPTIMIZERS)
    lr: float = setting(0.02, "Learning rate.", low=1e-6, high=10)
    loss: str = setting("mse", "The loss.", choices=LOSSES)
    ema: float = setting(
        0.95, "Weight of the past in the running average of outputs.", low=0, high=0.9999
    )
    iters: int = setting(200, "Steps per run, at most.", low=1, high=1_000_000, metavar="N")
    runs: int = setting(2, "Independent runs that are averaged.", low=1, high=1000, metavar="N")
    stop: str = setting("holdout", "When a run ends.", choices=STOPS)
    holdout: float = setting(
        0.05, "Share of the observed pixels kept out of the loss.", low=0, high=0.9, flag=False
    )
    patience: int = setting(
        30,
        "Steps without a better hold-out error before a run stops.",
        low=1,
        high=1_000_000,
        flag=False,
    )

    @property
    def fit_steps(self) -> int:
        """Steps of all runs, if none stops early."""
        return self.runs * self.iters

    def cost(self, pixels: float, *, float32: bool = False) -> Cost:
        """Of the fit alone; a task with other stages adds theirs."""
        return self.cost_of_fit(pixels, float32=float32)

    def cost_of_fit(self, pixels: float, *, float32: bool = False) -> Cost:
        """Of all runs of the hourglass."""
        macs = sum(27 * c * c / 4.0 ** (level + 1) for level, c in enumerate(self.channels))
        held = sum(c / 4.0**level for level, c in enumerate(self.channels))
        seconds = self.fit_steps * (SECONDS_PER_STEP + macs * SECONDS_PER_MAC) * pixels / 1e6
        held *= BYTES_PER_CHANNEL * (FLOAT32 if float32 else 1.0)
        return Cost(seconds, BYTES_AT_ONCE + pixels * held)


@dataclass(frozen=True, kw_only=True)
class FilterSettings(Settings):
    """The patch-group filter (patches.filter), or other passes over the picture."""

    passes: int = setting(3, "Passes of the filter.", low=1, high=1000, flag=False)
    stride: int = setting(
        3, "Pixels between the patches that get a group.", low=1, high=6, flag=False
    )

    def cost(self, pixels: float, *, float32: bool = False) -> Cost:
        """Of the filter alone; a task with other stages adds theirs."""
        return self.cost_of_filter(pixels)

    def cost_of_filter(self, pixels: float, beside: int = 0) -> Cost:
        """Of all passes; beside: how many of them stand beside one another."""
        seconds = (self.passes - beside) * SECONDS_PER_PASS / self.stride**2
        seconds += beside * SECONDS_BESIDE
        return Cost(seconds * pixels / 1e6, BYTES_AT_ONCE + pixels * BYTES_OF_FILTER)


@dataclass(frozen=True, kw_only=True)
class TileSettings(Settings):
    """Large pictures: the longest side of a tile, in pixels of the result."""

    tile: int | None = setting(
        None, "Longest side of a tile; by default from the memory.", metavar="PIXELS"
    )

    def __post_init__(self) -> None:
        """A tile holds something."""
        super().__post_init__()
        if self.tile is not None and self.tile < LEAST_TILE:
            raise UsageError(f"tile is {self.tile}; it must be at least {LEAST_TILE} pixels")


@dataclass(frozen=True, kw_only=True)
class RestorationSettings(FitSettings, FilterSettings, TileSettings):
    """A fit, a filter, or both: `method` says which, the stages joined by +."""

    method: str = setting("dip", "The stages.", choices=("dip", "patches", "patches+dip"))

    @property
    def stages(self) -> tuple[str, ...]:
        """The names of the stages, in their order."""
        return tuple(self.method.split("+"))

    @property
    def fits(self) -> bool:
        """Whether a network is fitted."""
        return self.stages != ("patches",)

    @property
    def filters(self) -> bool:
        """Whether a filter, or copies, pass over the picture."""
        return bool({"patches", "copies"} & set(self.stages))

    @property
    def planned_fit(self) -> int:
        """Steps of the fit, 0 where there is none."""
        return self.fit_steps if self.fits else 0

    @property
    def planned_passes(self) -> int:
        """Passes of the filter, 0 where there is none."""
        return self.passes if self.filters else 0

    @property
    def compares(self) -> bool:
        """Several runs disagree."""
        return self.fits and self.runs > 1

    def cost(self, pixels: float, *, float32: bool = False) -> Cost:
        """Of the stages that there are."""
        found = Cost(0.0, BYTES_AT_ONCE)
        if self.fits:
            beside = BYTES_BESIDE_FIT * pixels if self.filters else 0.0
            fit = self.cost_of_fit(pixels, float32=float32)
            found = Cost(fit.seconds, fit.bytes + beside)
        return found.then(self.cost_of_filter(pixels)) if self.filters else found


# What an hourglass alone has, and what every network has beside it.
_HOURGLASS = frozenset(
    {"net", "skip_channels", "upsample", "input", "input_depth", "jitter", "ema", "stop"}
)
_NETWORK = frozenset({"channels", "loss", "optimizer", "lr"})


def unused(values: Mapping[str, object]) -> frozenset[str]:
    """The settings, and "seed", that change nothing beside `values`, some of `to_dict()`.

    The filter needs no network and no chance; repeats of an enlargement bring plain layers.
    """
    stages = str(values.get("method", "dip")).split("+")
    if "dip" in stages:
        return frozenset()
    if "pixels" in stages:
        return _HOURGLASS | {"channels"}
    if "zero-shot" in stages:
        return _HOURGLASS
    if "zsn2n" in stages:
        return _HOURGLASS | {"loss"}
    if "model" in stages:
        return _HOURGLASS | _NETWORK | {"iters", "runs", "seed"}
    if values.get("repeats"):
        return _HOURGLASS | _NETWORK
    seed = () if values.get("bootstrap") else ("seed",)
    return _HOURGLASS | _NETWORK | {"iters", "runs", *seed}
