"""Flash and no flash, as in figure "Flash/No Flash" of Ulyanov et al. 2018: one line of a table.

    python examples/paper/flash.py                  # a pair made from a picture
    python examples/paper/flash.py --data FOLDER    # *_flash.* and *_noflash.*
    SMOKE=1 python examples/paper/flash.py          # seconds, to see that it runs

Prints a row of REPRODUCTION.md: picture, the noisy one, published settings, ours, seconds. A pair
that was made is told by its PSNR in dB, others by what is left of the noise, 0 to 255.
"""

import argparse
import os
from pathlib import Path

import numpy as np
from PIL import Image

import dipcli
from dipcli.bench.flash import pair

SMOKE = bool(os.environ.get("SMOKE"))
SIDE = 48 if SMOKE else 256
STRENGTH = 20.0  # of the noise of the ambient picture that is made


def main() -> None:
    """Restore the pair by both presets, and print the row."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="a folder with a pair; else one is made")
    parser.add_argument("--out", type=Path, help="a folder for the results")
    parser.add_argument("--device", default="auto")
    args = parser.parse_args()
    name, ambient, flash, truth = made() if args.data is None else found(args.data)
    few = {"iters": 3, "channels": (8, 16), "upsample": ("nearest", "bilinear")} if SMOKE else {}
    paper = dipcli.flash(ambient, flash, preset="paper", device=args.device, **few)
    ours = dipcli.flash(ambient, flash, device=args.device)
    for called, result in (("paper", paper), ("auto", ours)):
        if args.out is not None:
            args.out.mkdir(parents=True, exist_ok=True)
            Image.fromarray(result.image).save(args.out / f"{name}_{called}.png")
    if truth is None:
        before = ours.notes["trust"]["noise_before"]
        figures = [before, *(one.notes["trust"]["noise_after"] for one in (paper, ours))]
    else:
        figures = [psnr(one, truth) for one in (ambient, paper.image, ours.image)]
    what = "noise left" if truth is None else "PSNR"
    values = " | ".join(f"{value:.2f}" for value in figures)
    print(f"| {name}, {what} | {values} | {paper.seconds:.0f} s, {ours.seconds:.0f} s |")


def made() -> tuple[str, np.ndarray, np.ndarray, np.ndarray | None]:
    """A pair made from a portrait of scikit-image, and the truth."""
    from skimage import data

    return "astronaut", *pair(data.astronaut()[20 : 20 + SIDE, 120 : 120 + SIDE], STRENGTH)


def found(folder: Path) -> tuple[str, np.ndarray, np.ndarray, np.ndarray | None]:
    """The first pair in a folder; its truth is not known."""
    dark = sorted(folder.glob("*_noflash.*"))
    lit = sorted(folder.glob("*_flash.*"))
    if not dark or not lit:
        raise SystemExit(f"no *_noflash.* and *_flash.* in {folder}")
    pictures = [np.asarray(Image.open(path).convert("RGB")) for path in (dark[0], lit[0])]
    if SMOKE:
        pictures = [one[:SIDE, :SIDE] for one in pictures]
    return dark[0].stem, pictures[0], pictures[1], None


def psnr(result: np.ndarray, truth: np.ndarray) -> float:
    """In dB, of 8-bit pictures."""
    return float(-10 * np.log10(np.mean((result / 255 - truth / 255) ** 2)))


if __name__ == "__main__":
    main()
