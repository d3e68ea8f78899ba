"""Check what a wheel has installed, from outside of the tree it was made of.

python .ci/installed.py dist/dipcli-*.whl
"""

import importlib.resources
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

import dipcli

LARGEST = 3_000_000  # bytes of a wheel
ASSETS = ("report/assets/page.html", "report/assets/page.js", "painting/assets/paint.html")


def check(holds: bool, what: str) -> None:
    """Say what was checked; end with an error if it does not hold."""
    print(f"{'yes' if holds else 'NO'}: {what}")
    if not holds:
        sys.exit(1)


def main() -> None:
    """Restore a small picture with the installed program, and look at what came out."""
    wheel = Path(sys.argv[1]).resolve()
    check(wheel.stat().st_size < LARGEST, f"{wheel.name} is below {LARGEST} bytes")
    here = Path(dipcli.__file__).resolve()
    check(Path(sys.prefix).resolve() in here.parents, f"dipcli is the installed one, {here}")
    found = importlib.resources.files("dipcli")
    for name in ASSETS:
        check(found.joinpath(name).is_file(), f"{name} is there")
    manual = Path(sys.prefix) / "share" / "man" / "man1" / "dip.1"
    check(manual.is_file(), f"{manual} is there")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = np.arange(48)[:, None, None] * np.full((1, 48, 3), 4)
        noise = np.random.default_rng(0).normal(0, 25, rows.shape)
        Image.fromarray((rows + noise).clip(0, 255).astype(np.uint8)).save(folder / "noisy.png")
        line = "dip denoise noisy.png -o clean.png --preset fast --report page.html"
        subprocess.run(line.split(), cwd=folder, check=True)
        page = (folder / "page.html").read_text()
        check("<script" in page and "<style" in page, "--report writes a whole page")
        check((folder / "clean.png").is_file(), "the picture is restored")


if __name__ == "__main__":
    main()
