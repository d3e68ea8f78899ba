"""The preset "paper": Ulyanov, Vedaldi, Lempitsky, Deep Image Prior, 2018, as published.

Data only. Every value is the one of the published code (github.com/DmitryUlyanov/
deep-image-prior), but for the number of denoising steps, which is the paper's. Their results
are raw outputs, unless a running average is given here.
"""

from dipcli.presets.values import USUAL, Values

_PUBLISHED: Values = {
    "net": ("skip", "the encoder-decoder with skip connections"),
    "channels": ((128,) * 5, "denoising, super-resolution, restoration"),
    "skip_channels": ((4,), "denoising, super-resolution, restoration"),
    "filter_down": ((3,), "all but library"),
    "filter_up": ((3,), "all"),
    "upsample": (("bilinear",), "denoising, super-resolution, restoration"),
    "downsample": ("stride", "all but the restoration of kate"),
    "padding": ("reflection", "all"),
    "need_1x1_up": (True, "all but library"),
    "input": ("noise", "U(0, 0.1)"),
    "input_depth": (32, "denoising, super-resolution, restoration"),
    "jitter": (0.03, "all but where noted"),
    "optimizer": ("adam", "all"),
    "lr": (0.01, "all but where noted"),
    "loss": ("mse", "all"),
    "ema": (0.0, "the raw output"),
    "runs": (1, "one run"),
    "stop": ("none", "a fixed number of steps"),
    "holdout": (0.0, "the loss sees every pixel"),
}
_RESTORED = _PUBLISHED | {"method": ("dip", "the fit alone")}

DENOISE: dict[str, Values] = {
    USUAL: _RESTORED
    | {
        "jitter": (1 / 30, "published for sigma 25"),
        "ema": (0.99, "29.22 -> 30.43 dB in the paper"),
        "iters": (1800, "the paper; its notebook goes to 3000"),
    },
    "jpeg": {
        "channels": ((8, 16, 32, 64, 128), "the snail"),
        "skip_channels": ((0, 0, 0, 4, 4), "the snail"),
        "input_depth": (3, "the snail"),
        "ema": (0.99, "the denoising notebook"),
        "iters": (2400, "the snail"),
    },
}
SUPERRES: dict[str, Values] = {
    USUAL: _RESTORED
    | {
        "kernel": ("lanczos2", "the published downsampler"),
        "project": (False, "the raw output"),
        "iters": (2000, "x4"),
    },
    "x8": {"jitter": (0.05, "x8"), "iters": (4000, "x8")},
    "x16": {"jitter": (0.05, "as x8; not published"), "iters": (4000, "as x8; not published")},
}
INPAINT: dict[str, Values] = {
    "scattered": _RESTORED
    | {
        "lr": (0.001, "barbara, 50 % of the pixels lost"),
        "iters": (11000, "barbara, 50 % of the pixels lost"),
    },
    "sparse": _RESTORED
    | {
        "channels": ((16, 32, 64, 128, 128), "kate, 98 % of the pixels lost"),
        "skip_channels": ((0,), "kate, 98 % of the pixels lost"),
        "downsample": ("avg", "kate, 98 % of the pixels lost"),
        "jitter": (0.0, "kate, 98 % of the pixels lost"),
        "iters": (1000, "kate, 98 % of the pixels lost"),
    },
    "text": _RESTORED
    | {
        "skip_channels": ((128,), "kate and peppers under text"),
        "upsample": (("nearest",), "kate and peppers under text"),
        "iters": (6001, "kate and peppers under text"),
    },
    "large": _RESTORED
    | {
        "channels": ((16, 32, 64, 128, 128, 128), "library"),
        "skip_channels": ((0,), "library and vase"),
        "filter_down": ((5,), "library"),
        "need_1x1_up": (False, "library"),
        "upsample": (("nearest",), "library and vase"),
        "input_depth": (1, "library"),
        "jitter": (0.0, "library"),
        "iters": (3001, "library"),
    },
    "object": _RESTORED
    | {
        "skip_channels": ((0,), "vase"),
        "upsample": (("nearest",), "vase"),
        "input": ("mesh", "vase: two coordinates"),
        "iters": (5001, "vase"),
    },
}
FLASH: dict[str, Values] = {
    USUAL: _RESTORED
    | {
        "upsample": (("nearest", "nearest", *("bilinear",) * 3), "the cave, from fine to coarse"),
        "input": ("picture", "the picture with flash"),
        "input_depth": (3, "the colours of the picture with flash"),
        "jitter": (0.0, "the cave"),
        "lr": (0.1, "the cave; it may end reddish, then another --seed"),
        "iters": (601, "the cave"),
    },
}
PARAMETRISATION: dict[str, Values] = {
    USUAL: _PUBLISHED
    | {
        "jitter": (0.0, "the parametrisation experiment perturbs nothing"),
        "iters": (2400, "not published; the curves have parted by then"),
    },
}
