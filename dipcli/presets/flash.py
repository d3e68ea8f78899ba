"""Flash and ambient picture: a filter that sees both, and a network that is fed with both."""

from __future__ import annotations

from dataclasses import dataclass

from dipcli.presets import paper
from dipcli.presets.denoise import DenoiseSettings
from dipcli.presets.values import USUAL, Table, Values
from dipcli.settings import Cost, setting

# Beside a pass over one picture, 192x192, one core: the first one 1.2 to 2, three in all 0.8 to 1.
TIMES_A_PASS = 1.2


@dataclass(frozen=True, kw_only=True)
class FlashSettings(DenoiseSettings):
    """As for denoising; the passes are those of the filter with a guide."""

    method: str = setting("patches", "The filter or the network.", choices=("dip", "patches"))

    def cost_of_filter(self, pixels: float, beside: int = 0) -> Cost:
        """Of all passes, which stand in turn."""
        found = super().cost_of_filter(pixels)
        return Cost(TIMES_A_PASS * found.seconds, TIMES_A_PASS * found.bytes)


_FILTERED: Values = {
    "method": ("patches", "the filter alone"),
    "passes": (3, "three crops, strength 25: 38.2, 39.5, 39.8 dB after 1 to 3 passes"),
    "stride": (3, "the grid of groups"),
    "input": ("picture", "should it run: it sees the picture with flash"),
}

PRESETS: Table = {
    "auto": {USUAL: _FILTERED},
    "fast": {USUAL: _FILTERED | {"passes": (2, "the time"), "stride": (4, "the time")}},
    "best": {USUAL: _FILTERED | {"passes": (4, "when time does not matter")}},
    "paper": paper.FLASH,
}
