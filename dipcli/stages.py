"""Settings by stage, each with its unit, its range and its cost; a task joins those it has."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self

from dipcli.architecture import NETWORKS, NetworkSettings
from dipcli.errors import UsageError
from dipcli.settings import Cost, Settings, setting, spec_of

OPTIMIZERS = ("muon", "adam", "lbfgs")
OPTIMIZED = ("net", "input")
LOSSES = ("mse", "l1", "charbonnier")
STOPS = ("holdout", "variance", "none")
CHAINED = 3  # passes of the filter in denoising that are made in turn; up to three more beside
REDUCED_SHARE = 0.5  # of the steps of a fit of details: on the picture at half its size
LEAST_TILE = 32  # pixels

# One network for all tiles of a large picture is fitted to windows of it, beside one another.
# Over the filter, pictures of a megapixel gain with 16, 36, 64 windows 0.01, 0.03, 0.04 dB (four
# photographs in one) and, twice as many steps as the whole has being made, no less in the mean
# than with a network for each tile of 512; with as many steps 0.03 dB less.
WINDOW = 96  # pixels
FEWEST_WINDOWS, MOST_WINDOWS = 16, 64
SHARED_STEPS = 2  # times as many

# Measured on two cores with bfloat16, per megapixel: a step of the slim net takes 0.37 s and
# 1.45e-5 s for each multiplication per pixel (0.4 s for 8-16-32-64-128, 0.7 s for
# 32-64-128-128-128), of other networks see `architecture`; a pass of the filter at stride 4
# takes 2.4 s, one beside others 5.5 s.
SECONDS_PER_MAC = 1.45e-5
SECONDS_PER_PASS = 38.0  # over the square of the stride
SECONDS_BESIDE = 5.5

# Measured: 0.85 GB per megapixel for the slim net (16-32-64-128-128) with bfloat16 after the
# filter, 0.25 GB whatever the size; 4.3 GB per megapixel for the published net; in float32
# 1.4 times as much. It grows with the channels at each level.
BYTES_PER_CHANNEL = 25.0  # per pixel
BYTES_OF_FILTER = 200.0  # per pixel, of its passes
BYTES_BESIDE_FIT = 100.0  # per pixel, of what a filter leaves for the fit
BYTES_AT_ONCE = 2.5e8  # whatever the size
FLOAT32 = 1.4


@dataclass(frozen=True, kw_only=True)
class FitSettings(NetworkSettings):
    """The fit (prior.fit), its runs (prior.ensemble) and when they stop (prior.stopping)."""

    jitter: float = setting(
        1 / 30, "Standard deviation of the noise added to the input at each step.", low=0, high=10
    )
    optimizer: str = setting("muon", "The optimizer.", choices=OPTIMIZERS)
    lr: float = setting(0.02, "Learning rate.", low=1e-6, high=10)
    optimize: tuple[str, ...] = setting(
        ("net",), "What is optimised: weights, input, or both.", choices=OPTIMIZED, detail=True
    )
    loss: str = setting("mse", "The loss.", choices=LOSSES)
    tv: float = setting(
        0.0, "Weight of the output's total variation in the loss.", low=0, detail=True
    )
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

    def __post_init__(self) -> None:
        """Something is optimised."""
        super().__post_init__()
        if not self.optimize:
            raise UsageError(f"nothing to optimize; choose from {', '.join(OPTIMIZED)}")

    @property
    def optimized(self) -> tuple[str, ...]:
        """What is optimised; a network without weights has its input alone."""
        return ("input",) if self.architecture.bare else self.optimize

    @property
    def fit_steps(self) -> int:
        """Steps of all runs, if none stops early."""
        return self.runs * self.iters

    def cost(self, pixels: float, *, float32: bool = False) -> Cost:
        """Of the fit alone; a task with other stages adds theirs."""
        return self.cost_of_fit(pixels, float32=float32)

    def cost_of_fit(self, pixels: float, *, float32: bool = False) -> Cost:
        """Of all runs of the network."""
        net = self.architecture
        step = (net.seconds + net.macs(self) * SECONDS_PER_MAC) * pixels / 1e6
        held = net.held(self) * BYTES_PER_CHANNEL * (FLOAT32 if float32 else 1.0)
        return Cost(self.fit_steps * max(step, net.least), BYTES_AT_ONCE + pixels * held)


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

    def in_tiles(self, size: tuple[int, int], longest: int) -> Self:
        """What each tile, of side `longest`, of a result of (H, W) = `size` gets."""
        return self

    def cost_of_joined(self, size: tuple[int, int], longest: int, *, float32: bool = False) -> Cost:
        """Of what is done once all tiles are joined."""
        return Cost()


def mosaic_grid(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """Rows and columns of windows of a picture (H, W) = `size`, each from another part of it.

    They have no more pixels than a tile of side `longest`; (0, 0) where they would be too few.
    """
    most = min(MOST_WINDOWS, (longest // WINDOW) ** 2)
    height, width = (length // WINDOW for length in size)
    rows = min(math.isqrt(most), height)
    columns = min(most // max(1, rows), width)
    rows = min(most // max(1, columns), height)
    return (rows, columns) if rows * columns >= FEWEST_WINDOWS else (0, 0)


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
    | {one.name for one in fields(NetworkSettings) if spec_of(one).detail}
    | {"optimize", "tv"}
)
_NETWORK = frozenset({"channels", "loss", "optimizer", "lr"})


def unused(values: Mapping[str, object]) -> frozenset[str]:
    """The settings, and "seed", that change nothing beside `values`, some of `to_dict()`.

    The filter needs no network and no chance; repeats of an enlargement bring plain layers.
    """
    stages = str(values.get("method", "dip")).split("+")
    if "dip" in stages:
        net = NETWORKS.get(str(values.get("net")))
        ignored = net.ignores if net else frozenset()
        return ignored | ({"skip_channels"} if values.get("skips") == "identity" else set())
    if "pixels" in stages:
        return NETWORKS["pixels"].ignores | {"net", "input"}
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
