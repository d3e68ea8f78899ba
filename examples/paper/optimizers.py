"""Denoising F16 with each optimiser: Adam, Adam then LBFGS, Muon; weights, input, or both.

Published: Adam, 29.22 dB raw and 30.43 averaged after 1800 steps (means of nine pictures); a report
that went on with LBFGS gives no figure for one picture. Ours are of one picture and one seed.
"""

from common import (
    SMOKE,
    arguments,
    header,
    keep,
    line,
    multiple_of,
    noisy,
    picture,
    psnr,
    timed,
)
from common import steps as steps_of

import dipcli

PUBLISHED_STEPS = 1800
TINY = {"channels": (4, 8), "skip_channels": (2,), "input_depth": 4}
OPTIMIZERS: dict[str, dict[str, object]] = {
    "Adam, 0.01": {"optimizer": "adam", "lr": 0.01},
    "Adam 0.001 x 100, then LBFGS": {"optimizer": "lbfgs", "lr": 0.01},
    "Muon, 0.02": {"optimizer": "muon", "lr": 0.02},
    "Adam, weights and input": {"optimizer": "adam", "lr": 0.01, "optimize": ("net", "input")},
    "Adam, input alone": {"optimizer": "adam", "lr": 0.01, "optimize": ("input",)},
}


def main() -> None:
    """Every optimiser on the same noisy picture."""
    given = arguments(__doc__)
    truth = multiple_of(picture(given, "denoising/F16_GT.png"))
    observed = noisy(truth, 25, given.seed)
    steps = steps_of(given, PUBLISHED_STEPS)
    how = f"average of outputs (0.99), {truth.shape[1]}x{truth.shape[0]}, {steps} steps"
    header("Optimisers")
    for name, settings in OPTIMIZERS.items():
        with timed() as clock:
            found = dipcli.denoise(
                observed,
                sigma=25,
                preset="paper",
                device=given.device,
                seed=given.seed,
                iters=steps,
                **settings,
                **(TINY if SMOKE else {}),
            ).image
        keep(given, f"{name.split(',')[0].replace(' ', '_')}.png", found)
        published = "30.43 (mean of nine)" if name.startswith("Adam, 0.01") else ""
        line(name, published, f"{psnr(found, truth):.2f} dB", clock.seconds, how)


if __name__ == "__main__":
    main()
