"""Set5 enlarged four and eight times by the paper's protocol, beside bicubic.

    python superres_set5.py --data FOLDER [--crop 128] [--iters 2000] [--preset paper]

FOLDER holds the five large pictures. The middle part whose sides are multiples of 32 is reduced
by Pillow's Lanczos; PSNR of luma, 4 pixels of border left out. Published: 29.90 and 25.88 dB.
"""

import numpy as np
from common import (
    arguments,
    header,
    line,
    luma,
    multiple_of,
    pictures,
    psnr,
    reduced,
    steps,
    timed,
)
from PIL import Image

PUBLISHED = {4: "29.90", 8: "25.88"}
STEPS = {4: 2000, 8: 4000}


def main():
    """Print the lines of the table."""
    import dipcli

    given = arguments(__doc__, preset="paper")
    header("Set5, luma")
    for scale, published in PUBLISHED.items():
        found, plain = [], []
        more = {"iters": steps(given, STEPS[scale])} if given.preset == "paper" else {}
        with timed() as clock:
            for levels in pictures(given, ("astronaut", "chelsea")).values():
                truth = multiple_of(levels)
                small = reduced(truth, scale)
                result = dipcli.superres(
                    small,
                    scale=scale,
                    as_is=True,
                    preset=given.preset,
                    device=given.device,
                    seed=given.seed,
                    **more,
                )
                size = (truth.shape[1], truth.shape[0])
                bicubic = np.asarray(Image.fromarray(small).resize(size, Image.Resampling.BICUBIC))
                found.append(psnr(luma(result.image), luma(truth), 4))
                plain.append(psnr(luma(bicubic), luma(truth), 4))
        remarks = f"bicubic {np.mean(plain):.2f}; {', '.join(f'{one:.2f}' for one in found)}"
        line(f"x{scale}", published, f"{np.mean(found):.2f} dB", clock.seconds, remarks)


if __name__ == "__main__":
    main()
