"""Zero-Shot Noise2Noise (Mansour and Heckel 2023) beside the filter of `fast` and `auto`.

python zsn2n.py [--data FOLDER] [--crop 256]

Published: 29.07 dB on Kodak24, sigma 25, 256x256, clipped noise; CBM3D is about 2 dB above it.
"""

import numpy as np
from common import SMOKE, arguments, header, line, noisy, pictures, psnr, steps, timed


def main():
    """Print the lines of the table: means over the pictures."""
    import dipcli

    given = arguments(__doc__)
    given.crop = given.crop or 256
    truths = pictures(given, ("chelsea", "coffee", "astronaut"))
    damaged = {name: np.round(255 * noisy(one)).astype(np.uint8) for name, one in truths.items()}
    before = np.mean([psnr(damaged[name], one) for name, one in truths.items()])
    methods = {
        "zsn2n": ("29.07 dB (Kodak24)", {"method": "zsn2n", "iters": steps(given, 2000)}),
        "fast": ("", {"preset": "fast"}),
        "auto": ("", {"iters": 2} if SMOKE else {}),
    }
    header(f"Denoising, sigma 25, mean of {len(truths)} pictures")
    for name, (published, settings) in methods.items():
        with timed() as clock:
            found = [
                psnr(dipcli.denoise(one, device=given.device, **settings).image, truths[key])
                for key, one in damaged.items()
            ]
        each = clock.seconds / len(found)
        line(f"`{name}`", published, f"{np.mean(found):.2f} dB", each, f"noisy {before:.2f}")


if __name__ == "__main__":
    main()
