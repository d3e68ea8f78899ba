"""The effect of the prior (supplement of the paper): x4 with pixels, total variation, the network.

All three minimise the distance between their reduction and the small picture. Pixels have no prior:
what the reduction does not see stays noise. Published: a picture (a part of the zebra), no figures.
"""

import numpy as np
from common import SMOKE, arguments, header, keep, line, multiple_of, picture, psnr, steps, timed
from PIL import Image

import dipcli

PUBLISHED_STEPS = 2000
BARE = {"net": "pixels", "input": "noise", "lr": 0.01}
SKIP = {"input": "noise", "input_depth": 3, "jitter": 1 / 30, "lr": 0.01}
TINY = {"channels": (4, 8), "skip_channels": (2,)}
PRIORS: dict[str, dict[str, object]] = {
    "no prior (pixels)": BARE,
    "total variation": BARE | {"tv": 1e-7},
    "deep image prior": SKIP | (TINY if SMOKE else {}),
}


def main() -> None:
    """The three priors on one small picture, and plain interpolation."""
    given = arguments(__doc__)
    truth = multiple_of(picture(given, "sr/zebra_crop.png", stand_in="chelsea"))
    size = (truth.shape[1] // 4, truth.shape[0] // 4)
    small = Image.fromarray(truth).resize(size, Image.Resampling.LANCZOS)
    large = (truth.shape[1], truth.shape[0])
    cubic = np.asarray(small.resize(large, Image.Resampling.BICUBIC))
    how = f"{large[0]}x{large[1]}, {steps(given, PUBLISHED_STEPS)} steps"
    header("The prior itself, x4")
    line("bicubic", "a picture", f"{psnr(cubic, truth):.2f} dB", 0.0, how)
    for name, settings in PRIORS.items():
        with timed() as clock:
            found = dipcli.superres(
                np.asarray(small),
                scale=4,
                as_is=True,
                preset="paper",
                device=given.device,
                seed=given.seed,
                iters=steps(given, PUBLISHED_STEPS),
                **settings,
            ).image
        keep(given, f"{name.split()[0]}.png", found)
        line(name, "a picture", f"{psnr(found, truth):.2f} dB", clock.seconds, how)


if __name__ == "__main__":
    main()
