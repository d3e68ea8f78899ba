"""Half of the pixels lost in the eleven gray pictures of the paper's first table.

    python restore_eleven.py --data FOLDER [--size 128] [--iters 11000] [--preset paper]

FOLDER holds the eleven pictures.
"""

import numpy as np
from common import arguments, emptied, header, line, lost, pictures, psnr, steps, timed

PUBLISHED = {
    "barbara": 32.22,
    "boat": 33.06,
    "house": 39.16,
    "Lena512": 36.16,
    "peppers256": 33.05,
    "Cameraman256": 29.80,
    "couple": 32.52,
    "fingerprint": 32.84,
    "hill": 32.77,
    "man": 32.20,
    "montage": 34.54,
}


def main():
    """Print the lines of the table."""
    import dipcli

    given = arguments(__doc__, preset="paper")
    header("50 % of the pixels lost")
    more = {"iters": steps(given, 11000)} if given.preset == "paper" else {}
    found = []
    for name, truth in pictures(given, ("camera", "moon")).items():
        gap = lost(truth, 0.5)
        with timed() as clock:
            result = dipcli.inpaint(
                emptied(truth, gap),
                gap,
                as_is=True,
                preset=given.preset,
                device=given.device,
                seed=given.seed,
                **more,
            )
        found.append(psnr(result.image, truth))
        published = f"{PUBLISHED[name]:.2f}" if name in PUBLISHED else ""
        line(name, published, f"{found[-1]:.2f} dB", clock.seconds)
    line("mean", "33.48", f"{np.mean(found):.2f} dB", 0)


if __name__ == "__main__":
    main()
