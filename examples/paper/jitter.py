"""The noise added to the network's input at each step: 0.1 was reported the best of several.

    python jitter.py --data FOLDER [--size 128] [--iters 500]

F16 with noise of sigma 25, 1800 steps, the running average as published.
"""

import numpy as np
from common import arguments, header, multiple_of, noisy, picture, steps, swept, told


def main():
    """Print the lines of the table."""
    given = arguments(__doc__)
    truth = multiple_of(picture(given, "denoising/F16_GT.png"))
    observed = np.round(255 * noisy(truth, 25, given.seed)).astype(np.uint8)
    count = ("--noise", "gaussian", "--sigma", 25, "--iters", steps(given, 1800))
    rows = swept(given, "denoise", observed, "jitter=0,0.01,0.033,0.1,0.3", *count, reference=truth)
    header("Denoising F16, sigma 25: noise added to the input at each step")
    told(
        rows,
        {
            row["vary"]["jitter"]: f"{row['psnr']:.2f} dB (best {row['psnr_best']:.2f} "
            f"at step {row['step_best']})"
            for row in rows
        },
    )


if __name__ == "__main__":
    main()
