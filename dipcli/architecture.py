"""The networks whose structure is the prior, and what has to be known of each; without torch.

Tuples over levels run from full resolution to the coarsest level; a tuple of one value means the
same on every level.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dipcli.errors import UsageError
from dipcli.settings import Settings, setting

DOWNSAMPLES = ("stride", "avg", "max", "lanczos2", "lanczos3")
UPSAMPLES = ("nearest", "bilinear", "deconv")
PADDINGS = ("zero", "reflection")
NORMS = ("batch", "instance")
SKIPS = ("conv", "identity")
INPUTS = ("pyramid", "noise", "mesh", "fourier", "picture")
OVER_LEVELS = ("skip_channels", "up_channels", "filter_down", "filter_up", "upsample")


def over_levels(settings: NetworkSettings, each: float, power: int = 1) -> float:
    """`each` times the channels (to a power) of every level, for each pixel of full resolution."""
    return sum(each * float(c) ** power / 4.0**n for n, c in enumerate(settings.channels))


def macs_of_skip(settings: NetworkSettings) -> float:
    """Multiplications of the published hourglass for each pixel of full resolution."""
    found, inputs, up = 0.0, settings.input_depth, settings.per_level("up_channels")
    names = ("skip_channels", "filter_down", "filter_up")
    each = zip(*(settings.per_level(name) for name in names), strict=True)
    for level, (skip, k_down, k_up) in enumerate(each):
        down, last = settings.channels[level], level == settings.levels - 1
        inner = down if last else up[level + 1]
        here = k_down**2 * (inputs + down) * down / 4 + inputs * skip
        here += k_up**2 * (skip + inner) * up[level] + settings.need_1x1_up * up[level] ** 2
        found, inputs = found + here / 4.0**level, down
    return found


@dataclass(frozen=True)
class Architecture:
    """A network: where it is, what it takes, and what it costs.

    place: "module:Class" of its finest level; ignores: the settings that it has no use for;
    halvings: how often it halves the picture; coarse_input: whether its input has the size of
    what is halved so often; seconds: that a step takes for a megapixel beside its multiplications,
    on two cores; macs: multiplications for each pixel, of a slim net those that take as long;
    least: seconds of a step however small the picture is; held: channels that are held for each
    pixel; last: size of the filter before the sigmoid;
    last_bias: whether that has a bias; bare: whether it is the picture itself, with neither.
    """

    place: str
    ignores: frozenset[str] = frozenset()
    halvings: Callable[[NetworkSettings], int] = lambda settings: settings.levels
    coarse_input: bool = False
    seconds: float = 0.37
    least: float = 0.025
    macs: Callable[[NetworkSettings], float] = lambda settings: over_levels(settings, 27 / 4, 2)
    held: Callable[[NetworkSettings], float] = lambda settings: over_levels(settings, 1)
    last: int = 1
    last_bias: bool = True
    bare: bool = False


_OF_A_UNET = frozenset({"more_layers"})
_OF_A_RESNET = frozenset({"blocks"})
_OF_AN_HOURGLASS = frozenset(
    {"skip_channels", "skips", "up_channels", "filter_down", "filter_up", "downsample"}
)
_IGNORED_BY_ALL_BUT_SKIP = frozenset({"need_1x1_up"})

NETWORKS = {
    "slim": Architecture(
        "dipcli.prior.networks.slim:SlimLevel", _OF_A_UNET | _OF_A_RESNET | _IGNORED_BY_ALL_BUT_SKIP
    ),
    "skip": Architecture(
        "dipcli.prior.networks.skip:SkipLevel",
        _OF_A_UNET | _OF_A_RESNET,
        seconds=0.55,
        macs=macs_of_skip,
    ),
    "unet": Architecture(
        "dipcli.prior.networks.unet:UNetLevel",
        _OF_AN_HOURGLASS | _OF_A_RESNET | _IGNORED_BY_ALL_BUT_SKIP,
        halvings=lambda settings: settings.levels - 1 + settings.more_layers,
        seconds=0.26,
        macs=lambda settings: over_levels(settings, 57, 2),
        held=lambda settings: over_levels(settings, 3),
    ),
    "resnet": Architecture(
        "dipcli.prior.networks.resnet:ResNet",
        _OF_AN_HOURGLASS | _OF_A_UNET | _IGNORED_BY_ALL_BUT_SKIP | {"upsample"},
        halvings=lambda settings: 0,
        seconds=0.44,
        least=0.008,
        macs=lambda settings: 13.5 * settings.blocks * settings.channels[0] ** 2,
        held=lambda settings: 0.5 * settings.blocks * settings.channels[0],
        last=3,
    ),
    "decoder": Architecture(
        "dipcli.prior.networks.decoder:DecoderLevel",
        _OF_AN_HOURGLASS | _OF_A_UNET | _OF_A_RESNET | _IGNORED_BY_ALL_BUT_SKIP | {"padding"},
        halvings=lambda settings: settings.levels - 1,
        coarse_input=True,
        seconds=0.15,
        least=0.005,
        macs=lambda settings: over_levels(settings, 1.5, 2),
        held=lambda settings: over_levels(settings, 0.6),
        last_bias=False,
    ),
    "pixels": Architecture(
        "dipcli.prior.networks.pixels:Pixels",
        _OF_AN_HOURGLASS
        | _OF_A_UNET
        | _OF_A_RESNET
        | _IGNORED_BY_ALL_BUT_SKIP
        | {"channels", "upsample", "padding", "norm", "input_depth", "jitter", "optimize"},
        halvings=lambda settings: 0,
        seconds=0.02,
        least=0.001,
        macs=lambda settings: 0.0,
        held=lambda settings: 3.0,
        bare=True,
    ),
}


@dataclass(frozen=True, kw_only=True)
class NetworkSettings(Settings):
    """The network whose structure is the prior (prior.networks), and its input z (prior.inputs)."""

    net: str = setting("slim", "The network.", choices=NETWORKS)
    channels: tuple[int, ...] = setting(
        (16, 32, 64, 128, 128), "Channels per level, from fine to coarse.", low=1
    )
    skip_channels: tuple[int, ...] = setting((0,), "Channels of the skips per level.", low=0)
    skips: str = setting(
        "conv", "What the skips are: a convolution, or nothing.", choices=SKIPS, detail=True
    )
    up_channels: tuple[int, ...] | None = setting(
        None, "Channels on the way up; as channels.", low=1, metavar="N,N,...", detail=True
    )
    filter_down: tuple[int, ...] = setting((3,), "Filter sizes on the way down.", detail=True)
    filter_up: tuple[int, ...] = setting((3,), "Filter sizes on the way up.", detail=True)
    upsample: tuple[str, ...] = setting(
        ("nearest",), "How the network enlarges; one, or one per level.", choices=UPSAMPLES
    )
    downsample: str = setting("stride", "How it reduces.", choices=DOWNSAMPLES, detail=True)
    padding: str = setting("zero", "What lies beyond the edge.", choices=PADDINGS, detail=True)
    norm: str = setting("batch", "How it normalises.", choices=NORMS, detail=True)
    need_1x1_up: bool = setting(
        True, "The skip net's 1x1 convolution after each upward one.", detail=True
    )
    more_layers: int = setting(
        0, "Levels of the unet beyond its channels.", low=0, high=4, detail=True
    )
    blocks: int = setting(8, "Residual blocks of the resnet.", low=1, high=100, detail=True)
    input: str = setting("pyramid", "What the network is fed.", choices=INPUTS)
    input_depth: int = setting(8, "Channels of that input.", low=1, high=512)

    def __post_init__(self) -> None:
        """Check what belongs together, too."""
        super().__post_init__()
        if not 1 <= len(self.channels) <= 8:
            raise UsageError("channels must be 1 to 8 positive numbers, from fine to coarse")
        for name in OVER_LEVELS:
            given = getattr(self, name)
            if given is not None and len(given) not in (1, self.levels):
                raise UsageError(
                    f"{name} has {len(given)} values for {self.levels} levels; give one for each"
                )
        if any(k % 2 == 0 or not 1 <= k <= 11 for k in self.filter_down + self.filter_up):
            raise UsageError("filter sizes must be odd numbers from 1 to 11")
        if "deconv" in self.upsample and self.net != "unet":
            raise UsageError("upsample deconv is for net unet; choose nearest or bilinear")
        if self.architecture.bare and self.input == "mesh":
            raise UsageError(f"net {self.net} starts from its input; choose another than mesh")

    @property
    def architecture(self) -> Architecture:
        """What is known of the network."""
        return NETWORKS[self.net]

    @property
    def levels(self) -> int:
        """How many levels have channels of their own."""
        return len(self.channels)

    @property
    def width(self) -> int:
        """Channels that come out at full resolution."""
        own = "up_channels" not in self.architecture.ignores
        return int(self.per_level("up_channels")[0]) if own else self.channels[0]

    def per_level(self, name: str) -> tuple[Any, ...]:
        """The field `name` with one value for each level."""
        value = getattr(self, name)
        value = self.channels if value is None else value
        return tuple(value) if len(value) == self.levels else tuple(value) * self.levels
