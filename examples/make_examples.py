"""Make the pictures of this folder from what scikit-image ships inside its wheel.

    python examples/make_examples.py                        # the damaged pictures
    python examples/make_examples.py --before-after FOLDER  # before_after.png from real results

Sources (scikit-image's own notes): chelsea, CC0, Stefan van der Walt; astronaut, NASA, public
domain; coffee, CC0, Rachel Michetti; camera, CC0, Lav Varshney; rocket, CC0, SpaceX. Nothing is
downloaded, and the same bytes come out each time (of a JPEG: with the same JPEG library).
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from skimage import data

from dipcli.bench.camera import STRENGTHS, photograph

HERE = Path(__file__).parent
SIGMA = 25  # of 255
SCALE = 4
QUALITY = 15  # of a JPEG that was made too small
Pixels = NDArray[np.uint8]

# What is shown of each pair: file before, file after, the square (left, top, side) of the latter.
PAIRS = [
    ("photo.jpg", "photo.png", (60, 24, 220)),
    ("night.jpg", "night.png", (56, 16, 220)),
    ("small.png", "large.png", (60, 0, 220)),
    ("damaged.png", "repaired.png", (90, 60, 220)),
]


def noisy(clean: Pixels) -> Pixels:
    """Gaussian noise of sigma 25, clipped and rounded as any 8-bit file is."""
    x = clean / 255 + np.random.default_rng(0).normal(0, SIGMA / 255, clean.shape)
    return np.round(255 * np.clip(x, 0, 1)).astype(np.uint8)


def small(clean: Pixels) -> Pixels:
    """A quarter of the size, by bicubic reduction with antialiasing."""
    height, width = clean.shape[:2]
    size = (width // SCALE, height // SCALE)
    return np.asarray(Image.fromarray(clean).resize(size, Image.Resampling.BICUBIC))


def night(clean: Pixels) -> Pixels:
    """What a simulated camera makes of it with little light."""
    return photograph(clean, STRENGTHS["night"], quality=None)


def scribble(width: int, height: int) -> Pixels:
    """Lines of text and a few scratches: 255 where the picture is spoilt, 0 elsewhere."""
    mask = Image.new("L", (width, height), 0)
    draw = ImageDraw.Draw(mask)
    font = ImageFont.load_default(size=22)
    for row in range(8, height, 64):
        draw.text((6 + row % 5 * 9, row), "one picture, restored from itself", 255, font)
    rng = np.random.default_rng(1)
    for _ in range(9):
        x, y = rng.random(2) * (width, height)
        dx, dy = (rng.random(2) - 0.5) * (width, height)
        draw.line((x, y, x + dx, y + dy), fill=255, width=int(rng.integers(2, 5)))
    return np.where(np.asarray(mask) > 127, 255, 0).astype(np.uint8)


def clean_pictures() -> dict[str, Pixels]:
    """The undamaged picture behind each example, by the example's file name."""
    return {
        "photo.jpg": data.chelsea()[20:276, 70:390],
        "night.jpg": data.rocket()[100:340, 160:480],
        "noisy.png": data.chelsea(),
        "small.png": data.astronaut()[:384, 64:448],
        "damaged.png": data.coffee()[40:360, 100:484],
        "lost.png": data.camera()[:384, 64:448],
    }


def make(folder: Path) -> None:
    """Write the damaged pictures and their masks (white = hole)."""
    clean = clean_pictures()
    photo = Image.fromarray(clean["photo.jpg"])
    photo.save(folder / "photo.jpg", quality=QUALITY)
    dark = Image.fromarray(night(clean["night.jpg"]))
    dark.save(folder / "night.jpg", quality=90, subsampling=0)
    _write(folder / "noisy.png", noisy(clean["noisy.png"]))
    _write(folder / "small.png", small(clean["small.png"]))

    coffee = clean["damaged.png"]
    mask = scribble(coffee.shape[1], coffee.shape[0])
    _write(folder / "mask.png", mask)
    _write(folder / "damaged.png", np.where(mask[..., None] == 255, 255, coffee))

    camera = clean["lost.png"]
    lost = np.random.default_rng(2).random(camera.shape) < 0.5
    _write(folder / "lost_mask.png", np.where(lost, 255, 0))
    _write(folder / "lost.png", np.where(lost, 0, camera))


def before_after(results: Path, out: Path) -> None:
    """Before (above) and after (below) of the four examples, pixel for pixel."""
    side = PAIRS[0][2][2]
    sheet = Image.new("RGB", (side * len(PAIRS) + 4 * (len(PAIRS) - 1), 2 * side + 4), "white")
    for column, (before, after, (left, top, _)) in enumerate(PAIRS):
        with Image.open(results / after) as picture:
            restored = picture.convert("RGB")
        with Image.open(HERE / before) as picture:
            damaged = picture.convert("RGB").resize(restored.size, Image.Resampling.NEAREST)
        square = (left, top, left + side, top + side)
        sheet.paste(damaged.crop(square), (column * (side + 4), 0))
        sheet.paste(restored.crop(square), (column * (side + 4), side + 4))
    sheet.save(out, optimize=True)


def _write(path: Path, pixels: NDArray[np.integer]) -> None:
    Image.fromarray(pixels.astype(np.uint8)).save(path, optimize=True)


def main() -> None:
    """Parse the command line and make what it asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write to")
    parser.add_argument(
        "--before-after",
        type=Path,
        metavar="FOLDER",
        help="make before_after.png from photo.png, night.png, large.png, repaired.png in FOLDER",
    )
    args = parser.parse_args()
    if args.before_after:
        before_after(args.before_after, args.out / "before_after.png")
    else:
        make(args.out)


if __name__ == "__main__":
    main()
