"""Filling a large hole at several learning rates: 0.1 ends black or flat, 0.0001 stays blurred.

    python inpaint_learning_rate.py --data FOLDER [--size 128] [--iters 500]

The library of the published repository, 3001 steps. In a hole nothing is true, so the figures are
what a reader of the picture sees: its mean brightness, and its sharpness as the mean gradient,
each over that of what is known around it.
"""

import numpy as np
from common import arguments, emptied, header, hole, picture, steps, swept, told

RATES = "lr=0.1,0.01,0.001,0.0001"


def sharpness(levels, where):
    """Mean absolute gradient of the brightness in `where`."""
    gray = levels.astype(float).mean(axis=2)
    down, right = np.gradient(gray)
    return np.hypot(down, right)[where].mean()


def main():
    """Print the lines of the table."""
    given = arguments(__doc__)
    truth = picture(given, "inpainting/library.png")
    gap = hole(given, "inpainting/library_mask.png", truth)
    count = ("--iters", steps(given, 3001))
    rows = swept(given, "inpaint", emptied(truth, gap), RATES, *count, mask=gap)
    figures = {}
    for row in rows:
        bright = row["result"][gap].mean() / truth[~gap].mean()
        sharp = sharpness(row["result"], gap) / sharpness(truth, ~gap)
        loss = row["final_loss"]
        shown = f"brightness {bright:.2f}, sharpness {sharp:.2f}, loss {loss:.2g}"
        figures[row["vary"]["lr"]] = shown
    header("Inpainting the library: learning rates")
    told(rows, figures)


if __name__ == "__main__":
    main()
