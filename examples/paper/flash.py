"""Flash and no flash, as in the figure of Ulyanov et al. 2018: published settings and ours.

python flash.py                     a pair made from a portrait, whose truth is known
python flash.py --data FOLDER       the published pair, flash_no_flash/cave01_*.jpg, looked at
"""

from pathlib import Path

import numpy as np
from common import SMOKE, arguments, header, keep, line, picture, psnr, steps, timed

SIDE = 64 if SMOKE else 256
STRENGTH = 20.0  # of the noise of the ambient picture that is made
TINY = {"channels": (8, 16), "upsample": ("nearest", "bilinear")} if SMOKE else {}


def main():
    """Print the lines of the table."""
    import dipcli

    given = arguments(__doc__)
    name, ambient, flash, truth = published(given) if given.data and not SMOKE else made()
    few = {"iters": steps(given, 601), **TINY}
    header(f"Flash and no flash: {name}")
    for preset, more in (("paper", few), ("auto", {})):
        with timed() as clock:
            result = dipcli.flash(
                ambient, flash, preset=preset, device=given.device, seed=given.seed, **more
            )
        keep(given, f"{name}_{preset}.png", result.image)
        trust = result.notes["trust"]
        if truth is None:
            ours = f"noise left {trust['noise_after']:.1f} of {trust['noise_before']:.1f}"
        else:
            ours = f"{psnr(result.image, truth):.2f} dB"
        before = "" if truth is None else f"noisy {psnr(ambient, truth):.2f} dB"
        line(f"`{preset}`", "looked at", ours, clock.seconds, before)


def made():
    """A pair made from a portrait of scikit-image, and the truth."""
    from skimage import data

    from dipcli.bench.flash import pair

    return "portrait", *pair(data.astronaut()[20 : 20 + SIDE, 120 : 120 + SIDE], STRENGTH)


def published(given):
    """The pair of the paper; its truth is not known."""
    folder = Path("flash_no_flash")
    names = ("cave01_01_noflash.jpg", "cave01_00_flash.jpg")
    ambient, flash = (picture(given, str(folder / one)) for one in names)
    height, width = (min(n) for n in zip(ambient.shape[:2], flash.shape[:2], strict=True))
    ambient, flash = (np.ascontiguousarray(one[:height, :width]) for one in (ambient, flash))
    return "cave", ambient, flash, None


if __name__ == "__main__":
    main()
