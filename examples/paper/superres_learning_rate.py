"""Enlarging four times at two learning rates: 0.001 was reported to beat the published 0.01.

    python superres_learning_rate.py --data FOLDER [--crop 128] [--iters 2000]

The zebra of the published repository, reduced as there; luma, 4 pixels of border left out.
"""

from common import (
    arguments,
    header,
    luma,
    multiple_of,
    picture,
    psnr,
    reduced,
    steps,
    swept,
    told,
)


def main():
    """Print the lines of the table."""
    given = arguments(__doc__)
    truth = multiple_of(picture(given, "sr/zebra_GT.png"))
    count = ("--as-is", "--scale", 4, "--iters", steps(given, 2000))
    rows = swept(given, "superres", reduced(truth, 4), "lr=0.01,0.001", *count, reference=truth)
    header("The zebra, four times larger: learning rates")
    shown = {
        row["vary"]["lr"]: f"{psnr(luma(row['result']), luma(truth), 4):.2f} dB" for row in rows
    }
    told(rows, shown)


if __name__ == "__main__":
    main()
