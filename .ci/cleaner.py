"""Check that a restoration of examples/noisy.png is really cleaner: PSNR against the truth.

python .ci/cleaner.py clean.png
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image
from skimage import data
from skimage.metrics import peak_signal_noise_ratio

NOISY = Path(__file__).parents[1] / "examples" / "noisy.png"
GAIN = 9.0  # dB; a 5x5 median filter gains 8.1


def psnr(path: Path) -> float:
    """PSNR in dB against the picture that examples/noisy.png was made from."""
    with Image.open(path) as picture:
        return float(peak_signal_noise_ratio(data.chelsea(), np.asarray(picture)))


def main() -> int:
    """Say both figures; 1 if the gain is too small."""
    before, after = psnr(NOISY), psnr(Path(sys.argv[1]))
    print(f"noisy {before:.2f} dB, clean {after:.2f} dB")
    return 0 if after - before >= GAIN else 1


if __name__ == "__main__":
    sys.exit(main())
