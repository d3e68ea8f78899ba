"""The three fillings of the paper: the text over kate, the library, the vase.

    python inpaint_holes.py --data FOLDER [--size 256] [--iters N] [--preset paper] [--out FOLDER]

The published lengths are 6001, 3001 and 5001 steps. What is under kate's text is known; what
stood in the holes of the others is not, so they are to be looked at (--out).
"""

from common import arguments, emptied, header, hole, keep, line, picture, psnr, steps, timed

PUBLISHED = {"kate": 6001, "library": 3001, "vase": 5001}


def main():
    """Print the lines of the table."""
    import dipcli

    given = arguments(__doc__, preset="paper")
    header("Text and large holes")
    for name, published in PUBLISHED.items():
        truth = picture(given, f"inpainting/{name}.png")
        gap = hole(given, f"inpainting/{name}_mask.png", truth)
        more = {"iters": steps(given, published)} if given.preset == "paper" else {}
        with timed() as clock:
            result = dipcli.inpaint(
                emptied(truth, gap),
                gap,
                preset=given.preset,
                device=given.device,
                seed=given.seed,
                **more,
            )
        keep(given, f"{name}.png", result.image)
        shown = f"{psnr(result.image[gap][None], truth[gap][None]):.2f} dB in the hole"
        ours = shown if name == "kate" else "to be looked at"
        line(name, "looked at", ours, clock.seconds, f"loss {result.history[-1][1]:.2g}")


if __name__ == "__main__":
    main()
