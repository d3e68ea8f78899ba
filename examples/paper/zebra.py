"""The zebra enlarged four times, as in the paper's first figure; luma, 4 pixels of border out.

python zebra.py --data FOLDER [--crop 256] [--iters 2000] [--preset paper] [--out FOLDER]
"""

import numpy as np
from common import (
    arguments,
    header,
    keep,
    line,
    luma,
    multiple_of,
    picture,
    psnr,
    reduced,
    steps,
    timed,
)
from PIL import Image


def main():
    """Print the lines of the table."""
    import dipcli

    given = arguments(__doc__, preset="paper")
    truth = multiple_of(picture(given, "sr/zebra_GT.png"))
    small = reduced(truth, 4)
    more = {"iters": steps(given, 2000)} if given.preset == "paper" else {}
    with timed() as clock:
        result = dipcli.superres(
            small,
            scale=4,
            as_is=True,
            preset=given.preset,
            device=given.device,
            seed=given.seed,
            **more,
        )
    size = (truth.shape[1], truth.shape[0])
    bicubic = np.asarray(Image.fromarray(small).resize(size, Image.Resampling.BICUBIC))
    plain, ours = (psnr(luma(one), luma(truth), 4) for one in (bicubic, result.image))
    keep(given, "zebra.png", result.image)
    header("The zebra, four times larger")
    line("zebra", "looked at", f"{ours:.2f} dB", clock.seconds, f"bicubic {plain:.2f}")


if __name__ == "__main__":
    main()
