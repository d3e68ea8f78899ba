"""Noise impedance (figure 2 of the paper): how fast natural pictures and noise are fitted.

Published: the natural picture is fitted first, the noisy one next, shuffled pixels and noise last.
`pixels` permutes whole pixels, so that the three channels stay alike; `channels` permutes each
channel by itself. Then the natural picture is fitted from other inputs of the network.
"""

import argparse

import numpy as np
from common import SMOKE, Levels, arguments, header, line, picture, runs, steps, timed
from PIL import Image

import dipcli

TARGETS = ("natural", "noisy", "shuffled", "noise")
INPUTS = ("noise", "mesh", "picture", "natural")
PUBLISHED_STEPS = 2400
TINY = {"channels": (4, 8), "skip_channels": (2,), "input_depth": 4}


def curves(
    given: argparse.Namespace, levels: Levels, targets: tuple[str, ...], **more: object
) -> dict[str, list[float]]:
    """The mean loss of each target after each step, over the seeds."""
    found = dipcli.fit(
        levels,
        targets=targets,
        preset="paper",
        device=given.device,
        seed=given.seed,
        iters=steps(given, PUBLISHED_STEPS),
        runs=runs(given, 3),
        **(TINY if SMOKE else {}),
        **more,
    ).notes["curves"]
    mean = {}
    for target in targets:
        seeds = [curve for name, curve in found.items() if name.split(",")[0] == target]
        mean[target] = [float(np.mean([loss for _, loss in at])) for at in zip(*seeds, strict=True)]
    return mean


def ends(of: dict[str, list[float]], at: float) -> str:
    """The targets in the order of their loss after a share of the steps."""
    loss = {target: curve[int(at * (len(curve) - 1))] for target, curve in of.items()}
    return " < ".join(f"{target} {loss[target]:.4f}" for target in sorted(loss, key=loss.get))


def main() -> None:
    """Both ways to shuffle, then the inputs."""
    given = arguments(__doc__)
    levels = picture(given, "denoising/F16_GT.png")
    height, width = levels.shape[:2]
    many = steps(given, PUBLISHED_STEPS)
    how = f"loss after {many} steps, {runs(given, 3)} seeds, {width}x{height}"
    header("Parametrisation")
    for shuffle in ("pixels", "channels"):
        with timed() as clock:
            of = curves(given, levels, TARGETS, shuffle=shuffle)
        wanted = "natural < noisy < shuffled, noise"
        line(f"impedance, shuffle {shuffle}", wanted, ends(of, 1), clock.seconds, how)
        line(f"the same at a quarter, {shuffle}", wanted, ends(of, 0.25), clock.seconds, how)
    for kind in INPUTS:
        other = picture(given, "sr/zebra_GT.png", stand_in="coffee")
        fed = np.asarray(Image.fromarray(other).resize((width, height)))
        beside = {"input_picture": fed} if kind == "natural" else {}
        with timed() as clock:
            of = curves(given, levels, ("natural",), input=kind, **beside)
        line(f"natural picture, input {kind}", "", ends(of, 1), clock.seconds, how)


if __name__ == "__main__":
    main()
