"""Every setting of a restoration, with its unit and default; frozen, and without torch.

A `Settings` is what a preset resolves to and what a result records. Presets fill it
(`dipcli.presets`), flags override single fields of it, and nothing else decides anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from dipcli.errors import UsageError

NETS = ("slim", "skip", "plain")
UPSAMPLES = ("nearest", "bilinear")
DOWNSAMPLES = ("stride", "avg", "max", "lanczos2", "lanczos3")
PADDINGS = ("zero", "reflection")
INPUTS = ("pyramid", "noise", "mesh", "fourier", "picture")
OPTIMIZERS = ("muon", "adam")
LOSSES = ("mse", "l1", "charbonnier")
KERNELS = ("lanczos2", "lanczos3", "bicubic", "box", "gauss")
CHAINED = 3  # passes of the filter in denoising that are made in turn; up to three more beside
LEAST_TILE = 32  # pixels
STOPS = ("auto", "holdout", "variance", "none")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One restoration, fully decided. Raises UsageError for a value out of range.

    Tuples over levels run from full resolution to the coarsest level; a tuple of one value
    means the same on every level.
    """

    preset: str = "auto"

    # The network: an hourglass (prior.networks), or plain layers, `channels` wide, that learn to
    # enlarge from the picture's own reductions (prior.internal); what follows is the hourglass's
    net: str = "slim"
    channels: tuple[int, ...] = (16, 32, 64, 128, 128)
    skip_channels: tuple[int, ...] = (0,)
    up_channels: tuple[int, ...] | None = None  # None: as `channels`
    filter_down: tuple[int, ...] = (3,)
    filter_up: tuple[int, ...] = (3,)
    upsample: tuple[str, ...] = ("nearest",)
    downsample: str = "stride"
    padding: str = "zero"
    need_1x1_up: bool = True  # the skip net's 1x1 convolution after each upward one

    # Its input z (prior.inputs)
    input: str = "pyramid"
    input_depth: int = 8
    jitter: float = 1 / 30  # standard deviation of the noise added to z at each step

    # The fit (prior.fit)
    optimizer: str = "muon"
    lr: float = 0.02
    loss: str = "mse"
    ema: float = 0.95  # weight of the past in the running average of outputs
    iters: int = 200  # steps per run, at most
    runs: int = 2  # independent runs (seeds) that are averaged; 0: the filter alone
    stop: str = "holdout"  # "auto" is resolved by the preset
    holdout: float = 0.05  # fraction of the observed pixels kept out of the loss
    patience: int = 30  # steps without a better hold-out error before a run stops

    # Super-resolution: what made the small picture, and whether the result is moved to the
    # nearest picture that gives the small one exactly
    kernel: str = "bicubic"
    project: bool = True
    repeats: int = 0  # times that the result, reduced, is learnt from to enlarge it again

    # The patch-group filter beside the fit (prior.patches)
    passes: int = 0  # passes over the picture; 0: none
    stride: int = 3  # pixels between the patches that get a group
    pilot_share: float = 0.0  # of the filtered picture in what the network fits
    blend: float = 1.0  # of the fitted picture in the result; the rest is the filtered one
    bootstrap: bool = False  # denoise the result once more, made noisy again, to learn the shares

    # A budget in seconds for the whole picture; None: no limit
    time: float | None = None

    # Large pictures: the longest side of a tile in pixels of the result; None: from the memory
    # that is there. No tiles if the picture is smaller
    tile: int | None = None

    def __post_init__(self) -> None:
        """Check every field, so that a bad value is told before the first step."""
        for name, allowed in _NAMES.items():
            value = getattr(self, name)
            for one in value if isinstance(value, tuple) else (value,):
                if one not in allowed:
                    raise UsageError(f"{name} is {one!r}; choose from {', '.join(allowed)}")
        for name, (low, high) in _RANGES.items():
            if not low <= getattr(self, name) <= high:
                raise UsageError(f"{name} is {getattr(self, name)}; it must be {low} to {high}")
        for name in ("input_depth", "iters", "runs", "patience", "repeats"):
            if not isinstance(getattr(self, name), int):
                raise UsageError(f"{name} is {getattr(self, name)}; it must be a whole number")
        if not self.channels or min(self.channels) < 1 or len(self.channels) > 8:
            raise UsageError("channels must be 1 to 8 positive numbers, from fine to coarse")
        for name in ("skip_channels", "up_channels", "filter_down", "filter_up", "upsample"):
            given = getattr(self, name)
            if given is not None and len(given) not in (1, self.levels):
                raise UsageError(f"{name} has {len(given)} values for {self.levels} levels")
        if min(self.skip_channels) < 0 or min(self.up_channels or (1,)) < 1:
            raise UsageError("skip_channels must not be negative, up_channels must be positive")
        if any(k % 2 == 0 or not 1 <= k <= 11 for k in self.filter_down + self.filter_up):
            raise UsageError("filter sizes must be odd numbers from 1 to 11")
        if self.time is not None and not self.time > 0:
            raise UsageError(f"time is {self.time}; it must be a positive number of seconds")
        if self.tile is not None and not (isinstance(self.tile, int) and self.tile >= LEAST_TILE):
            raise UsageError(f"tile is {self.tile}; it must be at least {LEAST_TILE} pixels")

    @property
    def levels(self) -> int:
        """How many times the network halves the picture."""
        return len(self.channels)

    @property
    def compares(self) -> bool:
        """Whether estimates are compared: of several runs, or of a run and the filter."""
        mixed = self.runs == 1 and self.passes > 0 and 0 < self.blend < 1
        return self.runs > 1 or mixed

    def per_level(self, name: str) -> tuple[Any, ...]:
        """The field `name` with one value for each level."""
        value = getattr(self, name)
        value = self.channels if value is None else value
        return tuple(value) if len(value) == self.levels else tuple(value) * self.levels

    def override(self, **given: object) -> Settings:
        """These settings with single fields replaced; None, and stop "auto", mean "leave it".

        Numbers and names stand for tuples of one. Raises UsageError for a field that does
        not exist or a value out of range.
        """
        known = {f.name for f in fields(self)}
        for name in given:
            if name not in known:
                raise UsageError(
                    f"unknown setting {name!r}; choose from {', '.join(sorted(known))}"
                )
        if given.get("stop") == "auto":
            given["stop"] = None
        new = {name: _tupled(name, value) for name, value in given.items() if value is not None}
        try:
            return replace(self, **new)  # type: ignore[arg-type]
        except TypeError as error:
            raise UsageError(f"a setting has a value of the wrong type: {error}") from error

    def to_dict(self) -> dict[str, object]:
        """The settings as plain JSON types."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}


_NAMES: dict[str, tuple[str, ...]] = {
    "net": NETS,
    "upsample": UPSAMPLES,
    "downsample": DOWNSAMPLES,
    "padding": PADDINGS,
    "input": INPUTS,
    "optimizer": OPTIMIZERS,
    "loss": LOSSES,
    "stop": STOPS,
    "kernel": KERNELS,
}
_RANGES: dict[str, tuple[float, float]] = {
    "input_depth": (1, 512),
    "jitter": (0, 10),
    "lr": (1e-6, 10),
    "ema": (0, 0.9999),
    "iters": (1, 1_000_000),
    "runs": (0, 1000),
    "repeats": (0, 1000),
    "holdout": (0, 0.9),
    "patience": (1, 1_000_000),
    "passes": (0, 1000),
    "stride": (1, 6),
    "pilot_share": (0, 1),
    "blend": (0, 1),
}

# What an hourglass alone has, and what every network has beside it.
_HOURGLASS = frozenset(
    {"skip_channels", "upsample", "input", "input_depth", "jitter", "ema", "stop"}
)
_NETWORK = frozenset({"channels", "loss", "optimizer", "lr"})


def unused(values: Mapping[str, object]) -> frozenset[str]:
    """The settings, and "seed", that change nothing beside `values`, some of `to_dict()`.

    Without a run the filter works alone: no network, nothing random. Repeats of an enlargement
    bring plain layers of their own, which have nothing of an hourglass.
    """
    fits, plain = bool(values.get("runs", 1)), values.get("net") == "plain"
    repeats = bool(values.get("repeats"))
    if fits:
        return _HOURGLASS if plain else frozenset()
    if repeats:
        return _HOURGLASS if plain else _HOURGLASS | _NETWORK
    seed = () if values.get("bootstrap") else ("seed",)
    return _HOURGLASS | _NETWORK | {"net", "iters", *seed}


_PER_LEVEL = ("channels", "skip_channels", "up_channels", "filter_down", "filter_up", "upsample")


def _tupled(name: str, value: object) -> object:
    if name not in _PER_LEVEL:
        return value
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(value)
    return (value,)
