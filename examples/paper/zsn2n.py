"""Zero-Shot Noise2Noise beside the filter of `fast` and the network of `auto`: one table.

Published (Mansour and Heckel 2023): 29.07 dB on Kodak24, sigma 25, 256x256, clipped noise; CBM3D
is about 2 dB above it. Here: parts of pictures that scikit-image ships. SMOKE=1: seconds.
"""

import os
import time

import numpy as np
import skimage.data as data

import dipcli

SMOKE = bool(os.environ.get("SMOKE"))
SIDE, SIGMA = (32, 25) if SMOKE else (256, 25)
NAMES = ("chelsea",) if SMOKE else ("chelsea", "coffee", "astronaut")
METHODS = {
    "zsn2n": {"method": "zsn2n"} | ({"iters": 5} if SMOKE else {}),
    "fast": {"preset": "fast"},
    "auto": {"preset": "auto"} | ({"iters": 2} if SMOKE else {}),
}


def psnr(found: np.ndarray, clean: np.ndarray) -> float:
    """In dB."""
    return float(10 * np.log10(255**2 / np.mean((found.astype(float) - clean) ** 2)))


def main() -> None:
    """Print one line for each method, with the mean over the pictures."""
    rng = np.random.default_rng(0)
    clean = [getattr(data, name)()[20 : 20 + SIDE, 60 : 60 + SIDE] for name in NAMES]
    noisy = [
        np.clip(np.rint(one + rng.normal(0, SIGMA, one.shape)), 0, 255).astype(np.uint8)
        for one in clean
    ]
    before = np.mean([psnr(*pair) for pair in zip(noisy, clean, strict=True)])
    for name, settings in METHODS.items():
        began = time.process_time()
        found = [dipcli.denoise(one, **settings).image for one in noisy]
        spent = (time.process_time() - began) / len(noisy)
        after = np.mean([psnr(*pair) for pair in zip(found, clean, strict=True)])
        print(
            f"{name}: noisy {before:.2f} dB, restored {after:.2f} dB, "
            f"{spent:.0f} CPU seconds a picture",
            flush=True,
        )


if __name__ == "__main__":
    main()
