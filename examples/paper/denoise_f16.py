"""Denoising F16, sigma 25: the raw output, the running average, two runs averaged; then LBFGS.

    python denoise_f16.py --data FOLDER [--size 128] [--iters 1800]

Published, as means of nine pictures after 1800 steps: 29.22, 30.43 and 31.00 dB. LBFGS as the
published code has it: 100 steps of Adam at 0.001, then LBFGS.
"""

import numpy as np
from common import (
    arguments,
    header,
    keep,
    line,
    multiple_of,
    noisy,
    picture,
    psnr,
    steps,
    timed,
)


def run(given, observed, seed, **overrides):
    """The raw output and the average of a run, (H, W, C) in [0, 1]."""
    import dipcli

    task = dipcli.tasks.denoise(observed, noise="gaussian", sigma=25)
    for step in dipcli.steps(task, "paper", given.device, seed, **overrides):
        last = step
    found = (last.output, last.estimate)
    return [np.clip(one[0].float().cpu().numpy().transpose(1, 2, 0), 0, 1) for one in found]


def main():
    """Print the lines of the table."""
    from dipcli.stages import OPTIMIZERS

    given = arguments(__doc__)
    truth = multiple_of(picture(given, "denoising/F16_GT.png"))
    observed, count = noisy(truth, 25, given.seed), steps(given, 1800)
    header("Denoising F16, sigma 25")
    with timed() as clock:
        raw, average = run(given, observed, given.seed, iters=count)
    line("raw output", "29.22 (mean of nine)", f"{psnr(raw, truth):.2f} dB", clock.seconds)
    keep(given, "f16.png", average)
    shown = f"{psnr(average, truth):.2f} dB"
    line("running average", "30.43 (mean of nine)", shown, clock.seconds, "the same run")
    with timed() as second:
        _, other = run(given, observed, given.seed + 1, iters=count)
    shown = f"{psnr((average + other) / 2, truth):.2f} dB"
    line("two runs averaged", "31.00 (mean of nine)", shown, clock.seconds + second.seconds)
    if "lbfgs" in OPTIMIZERS:
        with timed() as clock:
            raw, _ = run(given, observed, given.seed, iters=count, optimizer="lbfgs")
        line("Adam, then LBFGS", "", f"{psnr(raw, truth):.2f} dB", clock.seconds, "raw output")


if __name__ == "__main__":
    main()
