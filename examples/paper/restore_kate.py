"""Ninety-eight of a hundred pixels lost: kate, as in the published repository, 1000 steps.

python restore_kate.py --data FOLDER [--size 128] [--iters 1000] [--preset paper]
"""

from common import arguments, emptied, header, keep, line, lost, picture, psnr, steps, timed


def main():
    """Print the lines of the table."""
    import dipcli

    given = arguments(__doc__, preset="paper")
    truth = picture(given, "restoration/kate.png")
    gap = lost(truth, 0.98)
    more = {"iters": steps(given, 1000)} if given.preset == "paper" else {}
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
    header("98 % of the pixels lost")
    line("kate", "looked at", f"{psnr(result.image, truth):.2f} dB", clock.seconds, given.preset)
    keep(given, "kate98.png", result.image)


if __name__ == "__main__":
    main()
