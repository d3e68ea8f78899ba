"""Every setting of a restoration, with its unit and default; frozen, and without torch.

A `Settings` is what a preset resolves to and what a result records. Presets fill it
(`dipcli.presets`), flags override single fields of it, and nothing else decides anything.
"""

from dataclasses import asdict, dataclass

NETS = ("slim", "skip")
UPSAMPLES = ("nearest", "bilinear")
DOWNSAMPLES = ("stride", "avg", "max", "lanczos2", "lanczos3")
PADDINGS = ("zero", "reflection")
INPUTS = ("pyramid", "noise", "mesh", "fourier", "picture")
OPTIMIZERS = ("muon", "adam")
LOSSES = ("mse", "l1", "charbonnier")
STOPS = ("auto", "holdout", "variance", "none")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One restoration, fully decided.

    Tuples over levels run from full resolution to the coarsest level.
    """

    preset: str = "auto"

    # The network (prior.networks)
    net: str = "slim"
    channels: tuple[int, ...] = (16, 32, 64, 128, 128)
    skip_channels: tuple[int, ...] = (0, 0, 0, 0, 0)
    up_channels: tuple[int, ...] | None = None  # None: as `channels`
    filter_down: tuple[int, ...] = (3,)  # one value: the same on every level
    filter_up: tuple[int, ...] = (3,)
    upsample: tuple[str, ...] = ("nearest",)
    downsample: str = "stride"
    padding: str = "zero"
    need_1x1_up: bool = True

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
    runs: int = 2  # independent runs (seeds) that are averaged
    stop: str = "holdout"  # "auto" is resolved by the preset
    holdout: float = 0.05  # fraction of the observed values kept out of the loss

    # A budget in seconds for the whole picture; None: no limit
    time: float | None = None

    def to_dict(self) -> dict[str, object]:
        """The settings as plain JSON types."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}
