"""The snail: blocks of a strong JPEG go before the network learns them, 2400 steps.

    python snail.py --data FOLDER [--size 128] [--iters 2400] [--preset paper] [--out FOLDER]

There is no truth. What is measured is how blocky the result is: the mean step across the borders
of the blocks of 8x8 over that inside of them, 1 where there are no blocks.
"""

import numpy as np
from common import arguments, header, keep, line, picture, steps, timed


def blockiness(image):
    """The mean absolute difference of neighbours across the borders of blocks over that within."""
    gray = image.astype(float).mean(axis=2)
    step = np.abs(np.diff(gray, axis=1)).mean(axis=0)
    border = np.arange(1, len(step) + 1) % 8 == 0
    return step[border].mean() / step[~border].mean()


def main():
    """Print the lines of the table."""
    import dipcli

    given = arguments(__doc__, preset="paper")
    observed = picture(given, "denoising/snail.jpg")
    more = {"iters": steps(given, 2400)} if given.preset == "paper" else {}
    with timed() as clock:
        result = dipcli.denoise(
            observed,
            noise="jpeg",
            preset=given.preset,
            device=given.device,
            seed=given.seed,
            **more,
        )
    keep(given, "snail.png", result.image)
    header("The snail, a JPEG")
    shown = f"blockiness {blockiness(observed):.2f} -> {blockiness(result.image):.2f}"
    line("snail", "looked at", shown, clock.seconds, given.preset)


if __name__ == "__main__":
    main()
