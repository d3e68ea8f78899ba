"""What learning from many pictures can be told, without torch: the help of `dip learn` asks it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dipcli.errors import UsageError
from dipcli.settings import FIRST, Cost, Options, Settings, setting

# Measured with bfloat16, per megapixel that a step sees: 0.4 s and 1.75e-5 s for each
# multiplication per pixel on one thread (1.2 s for a width of 24 and a depth of 3, 3.4 s for 48 and
# 5), 0.58 of it on two cores. Memory: 50 bytes per pixel for each channel of the width.
SECONDS_PER_STEP = 0.23
SECONDS_AT_LEAST = 0.004  # of a step, however few pixels it sees
SECONDS_PER_MAC = 1.0e-5
BYTES_PER_CHANNEL = 52.0
BYTES_AT_ONCE = 0.5e8
LOSSES = ("l2", "l1", "l0")
PREDICTS = ("picture", "noise")
NOISES = {  # kind -> what its level is, its usual value, the largest
    "gaussian": ("its standard deviation, 0 to 255", 25.0, 255.0),
    "poisson": ("the photons that a white pixel gathers", 30.0, 1e6),
    "text": ("the percentage of pixels it covers, at most", 25.0, 90.0),
}


@dataclass(frozen=True)
class NoiseKind:
    """The noise that clean pictures get: a level drawn between two for each part of a picture."""

    kind: str
    low: float
    high: float

    @classmethod
    def parse(cls, text: str) -> NoiseKind:
        """From "gaussian:25", "gaussian:5-50", "poisson:30" or "text"; raises UsageError."""
        found = re.fullmatch(r"([a-z]+)(?::([\d.]+)(?:-([\d.]+))?)?", text)
        kind = found[1] if found else ""
        if found is None or kind not in NOISES:
            raise UsageError(f"noise is {text!r}; choose from {', '.join(NOISES)}, as poisson:30")
        what, usual, most = NOISES[kind]
        try:
            low = float(found[2] or usual)
            high = float(found[3] or found[2] or usual)
        except ValueError as error:
            raise UsageError(f"noise is {text!r}; {kind}:LEVEL takes {what}") from error
        if not 0 < low <= high <= most:
            raise UsageError(f"noise is {text!r}; {kind}:LEVEL takes {what}, up to {most:g}")
        return cls(kind, low, high)

    def __str__(self) -> str:
        """As it is typed."""
        level = f"{self.low:g}" if self.low == self.high else f"{self.low:g}-{self.high:g}"
        return f"{self.kind}:{level}"


@dataclass(frozen=True, kw_only=True)
class LearnOptions(Options):
    """What is known of the pictures; with neither, one folder holds noisy ones."""

    sigma: float | None = setting(
        None, "A is clean: pairs get Gaussian noise, 0 to 255.", low=0.1, high=255
    )
    noise: str | None = setting(
        None,
        "A is clean: pairs get gaussian:25, gaussian:5-50, poisson:30, or text.",
        metavar="KIND[:LEVEL]",
    )
    supervised: bool = setting(False, "Learn from the clean pictures, not from a noisy copy.")

    def __post_init__(self) -> None:
        """One noise at the most."""
        super().__post_init__()
        if self.sigma is not None and self.noise is not None:
            raise UsageError("--sigma is --noise gaussian:SIGMA; give one of them")
        if self.noise is not None:
            NoiseKind.parse(self.noise)
        if self.supervised and self.added is None:
            raise UsageError("--supervised is for clean pictures; give --sigma or --noise, too")

    @property
    def added(self) -> NoiseKind | None:
        """The noise that clean pictures get; None where the pictures are noisy."""
        if self.sigma is not None:
            return NoiseKind("gaussian", self.sigma, self.sigma)
        return None if self.noise is None else NoiseKind.parse(self.noise)


@dataclass(frozen=True, kw_only=True)
class LearnSettings(Settings):
    """The network and its training."""

    time: float | None = setting(
        None,
        "Budget: 90, 90s, 5m, 1h; the rate falls in time for its end.",
        metavar="DURATION",
        form="duration",
        heading=FIRST,
    )
    epochs: int = setting(
        100, "Passes over the pictures.", low=1, high=100_000, metavar="N", heading=FIRST
    )
    loss: str = setting(
        "l2", "Mean (l2), median (l1) or mode (l0) of the targets.", choices=LOSSES, heading=FIRST
    )
    width: int = setting(
        24, "Channels of the U-Net; as published 48.", low=2, high=512, heading=FIRST
    )
    depth: int = setting(
        3, "How often it halves the picture; as published 5.", low=1, high=7, heading=FIRST
    )
    channels: int | None = setting(
        None, "1 or 3; by default 3 if any picture has colour.", choices=(1, 3), heading=FIRST
    )
    predicts: str = setting(
        "noise", "What the network gives: the picture, or its noise.", choices=PREDICTS
    )
    lr: float = setting(1e-3, "Learning rate of Adam, for 70 % of the epochs.", low=1e-7, high=1)
    batch: int = setting(16, "Parts of pictures in a step.", low=1, high=4096)
    patch: int = setting(64, "Their side in pixels; more where the depth wants it.", low=8)
    steps: int | None = setting(
        None,
        "Steps per epoch; by default as many as cover the pictures, or 100.",
        low=1,
        metavar="N",
    )
    regulariser: float = setting(
        2.0, "Neighbor2Neighbor: weight of the regulariser at the end.", low=0, high=100
    )

    @property
    def unit(self) -> int:
        """What the sides of a part are multiples of."""
        return 1 << self.depth

    def macs(self, channels: int) -> float:
        """Multiplications of the U-Net (learning.unet) for each pixel of a picture."""
        w, outer, inner = self.width, 4 * self.width // 3, 2 * self.width // 3
        wide = w if self.depth == 1 else 2 * w
        found = 1.0 * channels * w + w**2
        found += (wide + channels) * outer + outer * inner + inner * channels
        found += sum(w**2 / 4.0**level for level in range(1, self.depth + 1))
        for level in range(1, self.depth):
            below = w if level == self.depth - 1 else 2 * w
            found += ((below + w) * 2 * w + 4 * w**2) / 4.0**level
        return 9.0 * found

    def cost_of_steps(self, steps: int, pixels: float, channels: int) -> Cost:
        """Of steps that see so many pixels each, forwards and backwards."""
        each = (SECONDS_PER_STEP + SECONDS_PER_MAC * self.macs(channels)) * pixels / 1e6
        held = BYTES_PER_CHANNEL * self.width
        return Cost(steps * max(each, SECONDS_AT_LEAST), BYTES_AT_ONCE + held * pixels)
