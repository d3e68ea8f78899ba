"""Denoising: the filter's picture leads the network, and both are mixed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Self

from dipcli.presets import paper
from dipcli.presets.values import USUAL, Table, Values
from dipcli.settings import Cost, setting
from dipcli.stages import (
    BYTES_AT_ONCE,
    CHAINED,
    REDUCED_SHARE,
    SECONDS_PER_MAC,
    SHARED_STEPS,
    WINDOW,
    RestorationSettings,
    mosaic_grid,
)

# Measured with bfloat16 on two cores, or as 0.58 of one, per megapixel: a step of zsn2n takes
# 0.12 s with 16 channels, 0.5 s with 48, 1.5 s with 96, of it 0.15 s beside its multiplications;
# bytes per pixel; a model of width 24 and depth 3, in tiles of 2 megapixels.
SECONDS_PER_ZSN2N = 0.15
BYTES_OF_ZSN2N = 1500.0
SECONDS_OF_MODEL = 0.6
BYTES_OF_MODEL = 1.3e9
SECONDS_OF_APPLYING = 0.2  # per megapixel, of a network that was fitted to windows


@dataclass(frozen=True, kw_only=True)
class DenoiseSettings(RestorationSettings):
    """The filter, the network that leans on its picture, and how they are mixed."""

    method: str = setting(
        "dip",
        "The stages; zsn2n: Zero-Shot Noise2Noise; model: as --model.",
        choices=("dip", "patches", "patches+dip", "zsn2n", "model"),
    )
    pilot_share: float = setting(
        0.0, "Share of the filtered picture in what the network fits.", low=0, high=1, flag=False
    )
    blend: float = setting(
        1.0,
        "Share of the fitted picture in the result; the rest is the filtered one.",
        low=0,
        high=1,
        flag=False,
    )
    details: bool = setting(
        False, "The fit leaves the level of each region as the filter has it.", flag=False
    )
    bootstrap: bool = setting(
        False, "Denoise the result again, made noisy, to learn the shares.", flag=False
    )

    @property
    def fits(self) -> bool:
        """Whether an hourglass is fitted."""
        return "dip" in self.stages

    @property
    def fits_details(self) -> bool:
        """Whether the fit is of details alone, which leans on the filter's picture."""
        plain = self.input == "picture" and self.stop == "none" and self.optimized == ("net",)
        return self.details and self.fits and self.filters and plain

    @property
    def compares(self) -> bool:
        """Several runs disagree, or a run and the filter."""
        mixed = self.fits and self.filters and 0 < self.blend < 1
        several = self.method == "zsn2n" and self.runs > 1
        return super().compares or mixed or several

    def shares_network(self, size: tuple[int, int], longest: int) -> bool:
        """Whether one network does for all tiles, of side `longest`, of a picture (H, W)."""
        one = self.fits_details and self.runs == 1 and not self.bootstrap
        return one and mosaic_grid(size, longest) != (0, 0)

    def in_tiles(self, size: tuple[int, int], longest: int) -> Self:
        """What each tile gets: where one network does for all, the filter alone."""
        return replace(self, method="patches") if self.shares_network(size, longest) else self

    @property
    def shared(self) -> Self:
        """What the network gets that does for all tiles."""
        return replace(self, iters=SHARED_STEPS * self.iters)

    def cost_of_joined(self, size: tuple[int, int], longest: int, *, float32: bool = False) -> Cost:
        """Of the network that does for all tiles."""
        if not self.shares_network(size, longest):
            return Cost()
        rows, columns = mosaic_grid(size, longest)
        fit = self.shared.cost_of_fit(rows * columns * WINDOW**2, float32=float32)
        applying = SECONDS_OF_APPLYING * size[0] * size[1] / 1e6
        return Cost(fit.seconds + applying, fit.bytes)

    def cost_of_fit(self, pixels: float, *, float32: bool = False) -> Cost:
        """Of a fit of details the steps on the reduced picture take a quarter each."""
        found = super().cost_of_fit(pixels, float32=float32)
        saved = 0.75 * REDUCED_SHARE if self.fits_details else 0.0
        return Cost(found.seconds * (1 - saved), found.bytes)

    def cost(self, pixels: float, *, float32: bool = False) -> Cost:
        """The later passes of the filter stand beside one another."""
        if self.method == "zsn2n":
            widths = (3, *self.channels)
            macs = sum(9 * a * b for a, b in pairwise(widths)) + 3 * widths[-1]
            each = SECONDS_PER_ZSN2N + SECONDS_PER_MAC * macs
            return Cost(
                self.fit_steps * each * pixels / 1e6, BYTES_AT_ONCE + BYTES_OF_ZSN2N * pixels
            )
        if self.method == "model":
            return Cost(pixels * SECONDS_OF_MODEL / 1e6, BYTES_OF_MODEL)
        found = super().cost(pixels, float32=float32)
        if self.filters:
            beside = self.cost_of_filter(pixels, max(0, self.passes - CHAINED))
            more = beside.seconds - self.cost_of_filter(pixels).seconds
            found = Cost(found.seconds + more, found.bytes)
        return Cost(found.seconds * (2 if self.bootstrap else 1), found.bytes)


ZSN2N: Values = {
    "method": ("zsn2n", "Mansour and Heckel, CVPR 2023"),
    "channels": ((48, 48), "as published: two 3x3 layers, then a 1x1"),
    "skip_channels": ((0,), "it has none"),
    "optimizer": ("adam", "as published"),
    "lr": (1e-3, "as published, halved after three quarters of the steps"),
    "iters": (2000, "as published"),
    "runs": (1, "as published"),
    "stop": ("none", "as published: all steps are made"),
}
_SLIM_MIDDLE = (16, 32, 64, 128, 128)
_SLIM_WIDE = (32, 64, 128, 128, 128)
_DENOISE: Values = {
    "upsample": (("nearest",), "peaks twice as early as bilinear, at the same PSNR"),
}
_FILTERED: Values = {
    "method": ("patches+dip", "they err differently: the mean is above both"),
    "passes": (5, "four pictures, sigma 25: 29.4, 30.2, 30.6, 30.7, 30.8 dB after 1 to 5 passes"),
    "channels": (_SLIM_MIDDLE, "gains 0.05 dB over the filter; 8-16-32-... 0.03, 32-64-... 0.07"),
    "skip_channels": ((4,), "what the filter has right reaches the output as it is"),
    "input": ("picture", "it sees the filter's picture: F16 32.0 dB alone, 30.6 without"),
    "pilot_share": (0.7, "the target keeps 0.3 of the noise; 0.2 or 0.5 gain 0.01 dB less"),
    "blend": (0.3, "best in the mean: 0.2 at sigma 25, 0.5 at 50; smooth pictures want less"),
    "stop": ("none", "with so little noise in the target the error falls to the end"),
    "holdout": (0.0, "the loss sees every pixel"),
}
_CAMERA: Values = {
    "details": (False, "the filter errs in levels there: of details a fit gains 0.1 of 0.28 dB"),
    "iters": (140, "250 cost more than they gain"),
    "ema": (0.95, "all steps are averaged"),
}
_JPEG: Values = {
    "method": ("patches", "the filter alone"),
    "passes": (4, "nine crops, quality 40: 1.16, 1.34, 1.40 dB after 1 to 3 passes, 1.43 after 5"),
    "stride": (4, "3 gains 0.01 dB"),
}

PRESETS: Table = {
    "auto": {
        USUAL: _DENOISE
        | _FILTERED
        | {
            "runs": (1, "a second gains 0.02 dB for as long again"),
            "details": (
                True,
                "64 steps, half on the reduced picture, gain 0.014 dB less than 140",
            ),
            "iters": (64, "40 gain 0.04 dB less, 84 gain 0.03 more where all is drawn"),
            "ema": (0.9, "half of the steps are averaged"),
        },
        "jpeg": _JPEG,
        "photo": _CAMERA,
    },
    "fast": {
        USUAL: _DENOISE
        | _FILTERED
        | {
            "method": ("patches", "the filter alone"),
            "runs": (1, "a second costs as much again"),
            "passes": (3, "the time"),
            "stride": (5, "4 gains 0.015 dB in a fifth more of the time"),
        },
        "photo": {"stride": (4, "5 loses 0.1 dB where neighbours share the noise")},
        "jpeg": _JPEG | {"passes": (2, "the time"), "stride": (6, "0.04 dB below 4")},
    },
    "best": {
        USUAL: _DENOISE
        | _FILTERED
        | {
            "channels": (_SLIM_WIDE, "gains 0.02 dB over half of the width, at twice the time"),
            "passes": (6, "0.01 dB more than 5"),
            "runs": (2, "four gain 0.005 dB and take twice as long"),
            "blend": (0.4, "the mean of wide networks deserves more than one narrow one"),
            "bootstrap": (True, "+0.04 dB at sigma 25, +0.08 at 50; twice the time"),
            "iters": (150, "more learn the noise that is left in the target"),
        },
        "jpeg": _JPEG | {"passes": (6, "0.02 dB"), "stride": (3, "0.01 dB")},
    },
    "paper": paper.DENOISE,
}
