"""What is left of a picture enlarged 2, 4, 8 and 16 times by the published method.

    python superres_factors.py --data FOLDER [--crop 128] [--iters 2000]

The zebra of the published repository, reduced as there; luma, 4 pixels of border left out; beside
Pillow's bicubic.
"""

import numpy as np
from common import (
    SMOKE,
    arguments,
    header,
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
    from dipcli.tasks.superres import SCALES

    given = arguments(__doc__)
    truth = multiple_of(picture(given, "sr/zebra_GT.png"))
    header("The zebra, several times larger")
    for scale in [one for one in (2, 4, 8, 16) if one in SCALES][: 2 if SMOKE else None]:
        small = reduced(truth, scale)
        with timed() as clock:
            result = dipcli.superres(
                small,
                scale=scale,
                as_is=True,
                preset="paper",
                iters=steps(given, 4000 if scale > 4 else 2000),
                device=given.device,
                seed=given.seed,
            )
        size = (truth.shape[1], truth.shape[0])
        plain = Image.fromarray(small).resize(size, Image.Resampling.BICUBIC)
        ours, bicubic = (
            psnr(luma(one), luma(truth), 4) for one in (result.image, np.asarray(plain))
        )
        line(f"x{scale}", "", f"{ours:.2f} dB", clock.seconds, f"bicubic {bicubic:.2f} dB")


if __name__ == "__main__":
    main()
