"""The PSNR of the fit drops on the way, and what the guard against divergence does about it.

    python psnr_drops.py --data FOLDER [--size 128] [--iters 1800]

F16 with noise of sigma 25, the published learning rate and ten times as much. A drop is a step
whose output is 1 dB further from the observation than the best one of the 20 before it. A fall of
5 dB is undone by going back to weights, optimizer and average of up to 20 steps before.
"""

import numpy as np
from common import arguments, header, line, multiple_of, noisy, picture, steps, timed


def main():
    """Print the lines of the table."""
    import dipcli

    given = arguments(__doc__)
    truth = multiple_of(picture(given, "denoising/F16_GT.png"))
    observed = noisy(truth, 25, given.seed)
    task = dipcli.tasks.denoise(observed, noise="gaussian", sigma=25)
    header("Denoising F16, sigma 25: falls of the fit")
    for rate in (0.01, 0.1):
        fits, undone = [], []
        with timed() as clock:
            for step in dipcli.steps(
                task,
                "paper",
                given.device,
                given.seed,
                lr=rate,
                iters=steps(given, 1800),
            ):
                fits.append(-10 * np.log10(max(float(step.loss), 1e-12)))
                undone = step.notes.get("restored", undone)
        falls = [max(fits[max(0, n - 20) : n]) - fits[n] for n in range(1, len(fits))]
        drops = sum(fall > 1 for fall in falls)
        shown = f"{drops} drops, deepest {max(falls):.1f} dB, {len(undone)} undone"
        line(f"lr {rate}", "", shown, clock.seconds, f"ends at {fits[-1]:.2f} dB of the fit")


if __name__ == "__main__":
    main()
