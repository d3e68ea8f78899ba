"""The architecture is the prior: skip against unet and against no skips, 50 % of pixels lost.

    python architectures.py --data FOLDER [--size 128] [--iters 3000]

FOLDER holds barbara.png and montage.png (of the eleven of the restoration table); 11,000 steps.
"""

from common import SMOKE, arguments, emptied, header, line, lost, picture, steps, swept


def main():
    """Print the lines of the table."""
    from dipcli.stages import NETWORKS

    given = arguments(__doc__)
    nets = [one for one in ("skip", "unet") if one in NETWORKS]
    header("50 % of pixels lost: architectures")
    for name in ("barbara.png", "montage.png")[: 1 if SMOKE else None]:
        truth = picture(given, name, "camera")
        gap = lost(truth, 0.5)
        count = ("--iters", steps(given, 11000))
        shown = []
        for vary, more in ((f"net={','.join(nets)}", ()), ("skip-channels=0", ("--net", "skip"))):
            shown += swept(
                given,
                "inpaint",
                emptied(truth, gap),
                vary,
                *count,
                *more,
                mask=gap,
                reference=truth,
            )
        for row in shown:
            ((field, value),) = row["vary"].items()
            what = value if field == "net" else "skip without skips"
            stem = name.partition(".")[0]
            line(f"{stem}, {what}", "", f"{row['psnr']:.2f} dB", row["seconds"])


if __name__ == "__main__":
    main()
