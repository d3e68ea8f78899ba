"""How many steps inpainting needs: no gain was reported after about 3,000 of the published 6,001.

    python steps_enough.py --data FOLDER [--size 128] [--iters 6001]

The text over kate, one run; PSNR of the output where it is at 1/12, 1/6, 1/3, 1/2 and all of it.
"""

from common import arguments, emptied, header, hole, line, picture, steps

SHARES = (1 / 12, 1 / 6, 1 / 3, 1 / 2, 1)


def main():
    """Print the lines of the table."""
    from dipcli import api, tasks
    from dipcli.observers import Curve, Reference

    given = arguments(__doc__)
    truth = picture(given, "inpainting/kate.png")
    gap = hole(given, "inpainting/kate_mask.png", truth)
    count = steps(given, 6001)
    task = tasks.inpaint(emptied(truth, gap), gap, as_is=True)
    settings = task.settings("paper", iters=count)
    curve = Curve(Reference((truth / 255).astype("float32")))
    runtime = api.runtime_for(given.device, given.seed)
    result = api.restore(task, settings, runtime, [curve])
    found = [row.psnr for row in curve.rows()]
    header("Inpainting kate: how many steps are enough")
    for share in SHARES:
        step = max(1, round(share * count))
        best = max(found[:step])
        seconds = result.seconds * step / count
        line(f"{step} steps", "", f"{found[step - 1]:.2f} dB (best so far {best:.2f})", seconds)


if __name__ == "__main__":
    main()
