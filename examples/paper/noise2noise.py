"""Noise2Noise on small patches: L2, L0 and L1 over 5 epochs, learnt from noisy pairs alone.

python noise2noise.py [--data FOLDER]

A course report has validation PSNR from 19.62 dB (noisy) to 24.3 to 24.5 (L2, L0), L1 0.9 dB
below. Its patches and its noise are not published; here patches are cut from what scikit-image
ships, and both pictures of a pair are 8 bits with Gaussian noise.
"""

import numpy as np
from common import SMOKE, arguments, header, line, noisy, pictures, psnr, timed

PATCHES, SIDE, SIGMA = (60, 16, 27) if SMOKE else (2000, 32, 27)
SETTINGS = {"width": 6, "depth": 2, "steps": 3} if SMOKE else {"width": 48, "depth": 5}
EPOCHS = 1 if SMOKE else 5
NAMES = ("astronaut", "coffee", "chelsea", "rocket")
PUBLISHED = {"l2": "24.4 dB", "l0": "24.4 dB", "l1": "23.5 dB"}


def patches(images, seed):
    """(SIDE, SIDE, 3) uint8 each, from anywhere in any of the pictures."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(PATCHES):
        image = images[rng.integers(len(images))]
        top, left = (rng.integers(n - SIDE + 1) for n in image.shape[:2])
        found.append(image[top : top + SIDE, left : left + SIDE])
    return found


def main():
    """Print the lines of the table."""
    import dipcli

    given = arguments(__doc__)
    clean = patches(list(pictures(given, NAMES).values()), given.seed)
    first, second = ([as_file(one, 2 * n + side) for n, one in enumerate(clean)] for side in (0, 1))
    held = PATCHES // 10
    validation = list(zip(first[:held], clean[:held], strict=True))
    before = np.mean([psnr(*pair) for pair in validation])
    header(f"Noise2Noise, {EPOCHS} epochs, noisy {before:.2f} dB (published 19.62)")
    for loss, published in PUBLISHED.items():
        with timed() as clock:
            model = dipcli.learn(
                first[held:],
                second[held:],
                validation=validation,
                loss=loss,
                epochs=EPOCHS,
                patch=SIDE,
                predicts="picture",
                device=given.device,
                seed=given.seed,
                **SETTINGS,
            )
        line(f"loss {loss}", published, f"{model.facts['psnr']:.2f} dB", clock.seconds)


def as_file(clean, seed):
    """With Gaussian noise, as a file of 8 bits holds it."""
    return np.round(255 * noisy(clean, SIGMA, seed)).astype(np.uint8)


if __name__ == "__main__":
    main()
