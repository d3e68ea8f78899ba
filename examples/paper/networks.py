"""The library with each network (figure 8 of the paper): a large hole, and what fills it.

The paper shows pictures and no figures: deeper hourglasses fill better, skips copy less far. The
truth of the library is not known; where `--truth NAME` names a whole picture below --data, the
same hole is made in it and the PSNR inside the hole is ours. --out keeps the pictures to look at.
"""

import numpy as np
from common import SMOKE, arguments, header, hole, keep, line, picture, psnr, steps, timed

import dipcli

PUBLISHED_STEPS = 3001
HOURGLASS = (16, 32, 64, 128, 128, 128)
UNET = {
    "net": "unet",
    "channels": (8, 16, 32, 64, 128),  # feature scale 8
    "more_layers": 1,
    "upsample": ("deconv",),
    "norm": "instance",
    "padding": "zero",
    "lr": 0.001,
}
NETWORKS: dict[str, dict[str, object]] = {
    "hourglass, depth 2": {"channels": HOURGLASS[:2]},
    "hourglass, depth 4": {"channels": HOURGLASS[:4]},
    "hourglass, depth 6": {"channels": HOURGLASS},
    "skips of full width": {"channels": HOURGLASS, "skip_channels": HOURGLASS},
    "identity skips": {"channels": HOURGLASS, "skips": "identity"},
    "UNet": UNET,
    "ResNet": {"net": "resnet", "channels": (32,), "blocks": 8, "lr": 0.001},
    "deep decoder (not published there)": {
        "net": "decoder",
        "channels": (64,) * 6,
        "upsample": ("bilinear",),
        "input_depth": 64,
    },
}


def main() -> None:
    """Every network on the same hole."""
    given = arguments(__doc__, truth="denoising/F16_GT.png")
    levels = picture(given, given.truth)
    lost = hole(given, "inpainting/library_mask.png", levels)
    height, width = (min(pair) for pair in zip(levels.shape[:2], lost.shape, strict=True))
    levels, lost = levels[:height, :width], lost[:height, :width]
    damaged = np.where(lost[..., None], 0, levels).astype(np.uint8)
    how = f"PSNR in the hole, {width}x{height}, {steps(given, PUBLISHED_STEPS)} steps"
    header("Networks on a large hole")
    for name, settings in NETWORKS.items():
        base = {
            "channels": HOURGLASS,
            "skip_channels": (0,),
            "filter_down": (5,),
            "need_1x1_up": False,
            "upsample": ("nearest",),
            "input": "noise",
            "input_depth": 1,
            "jitter": 0.0,
            "lr": 0.01,
            "iters": steps(given, PUBLISHED_STEPS),
        }
        if SMOKE:
            base |= {"channels": (4, 8), "skip_channels": (0,)}
            settings = {k: v for k, v in settings.items() if k in ("net", "skips", "norm")}
        with timed() as clock:
            found = dipcli.inpaint(
                damaged,
                lost,
                preset="paper",
                device=given.device,
                seed=given.seed,
                as_is=True,
                **(base | settings),
            ).image
        keep(given, f"{name.replace(' ', '_')}.png", found)
        line(name, "a picture", f"{psnr(found[lost], levels[lost]):.2f} dB", clock.seconds, how)


if __name__ == "__main__":
    main()
