"""How a picture is sought that a model sees in a certain way."""

from __future__ import annotations

from dataclasses import dataclass

from dipcli.architecture import NetworkSettings
from dipcli.presets.values import Values
from dipcli.settings import Cost, setting
from dipcli.stages import OPTIMIZERS

PRIORS = ("dip", "tv", "pixels")
# Measured on one thread at 128x128 with EfficientNet-Lite0 as the model: a step of the slim net
# takes 3.8e-6 s per pixel, of the published one 2e-5. The bytes are an upper guess, for VGG-19.
SECONDS_PER_PIXEL = {"slim": 3.8e-6, "skip": 2e-5}
BYTES_PER_PIXEL = 6e3


@dataclass(frozen=True, kw_only=True)
class VisualisationSettings(NetworkSettings):
    """How a picture is sought: by a network (method "dip"), or by its own pixels."""

    method: str = setting("dip", "What is moved.", choices=("dip", "pixels"), flag=False)
    jitter: float = setting(
        0.0, "Standard deviation of the noise added to the input at each step.", low=0, high=10
    )
    optimizer: str = setting("adam", "The optimizer.", choices=OPTIMIZERS)
    lr: float = setting(0.01, "Learning rate.", low=1e-6, high=10)
    iters: int = setting(1000, "Steps.", low=1, high=1_000_000, metavar="N")
    tv_weight: float = setting(
        0.0, "Weight of the total variation norm beside the loss.", low=0, high=1e6
    )
    tv_beta: float = setting(2.0, "Its exponent.", low=0.5, high=4, flag=False)
    keep: str = setting(
        "best", "Which picture is the result.", choices=("best", "last"), flag=False
    )

    def cost(self, pixels: float, *, float32: bool = False) -> Cost:
        """Of the steps; what the model takes is not known before it is read."""
        each = SECONDS_PER_PIXEL.get(self.net, max(SECONDS_PER_PIXEL.values()))
        return Cost(self.iters * pixels * each, pixels * BYTES_PER_PIXEL)


_PUBLISHED: Values = {
    "net": ("skip", "the encoder-decoder with skip connections"),
    "channels": ((16, 32, 64, 128, 128, 128), "as published"),
    "downsample": ("avg", "as published"),
    "input": ("noise", "U(0, 0.1)"),
    "input_depth": (32, "as published"),
    "optimizer": ("adam", "as published"),
    "lr": (0.001, "as published"),
    "iters": (3100, "as published"),
    "keep": ("last", "the raw output at the end"),
}
PREIMAGE: Values = _PUBLISHED | {
    "skip_channels": ((4,), "as published"),
    "filter_down": ((7, 7, 5, 5, 3, 3), "as published"),
    "filter_up": ((7, 7, 5, 5, 3, 3), "as published"),
    "upsample": (("nearest",), "as published"),
    "padding": ("zero", "as published"),
    "jitter": (0.0, "as published"),
}
MAXIMIZE: Values = _PUBLISHED | {
    "skip_channels": ((0, 4, 4, 4, 4, 4), "as published"),
    "filter_down": ((5, 3, 5, 5, 3, 5), "as published"),
    "filter_up": ((5, 3, 5, 3, 5, 3), "as published"),
    "upsample": (("bilinear",), "as published"),
    "padding": ("reflection", "as published"),
    "jitter": (0.03, "as published; their noise on the weights did nothing"),
}
