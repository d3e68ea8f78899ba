"""Little pictures to restore, and to look at."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

QUICK = ("--iters", "2", "--runs", "1", "--device", "cpu")  # the shortest restoration


def opened(path: Path) -> Image.Image:
    """A picture in memory; no file stays open."""
    return Image.open(io.BytesIO(path.read_bytes()))


def draw(path: Path, size: tuple[int, int] = (20, 16), mode: str = "RGB", seed: int = 0) -> Path:
    """A noisy little picture of (width, height)."""
    rng = np.random.default_rng(seed)
    bands = len(Image.new(mode, (1, 1)).getbands())
    ramp = np.linspace(60, 190, size[0])[None, :, None] + rng.normal(
        0, 20, (size[1], size[0], bands)
    )
    levels = np.clip(ramp, 0, 255).astype(np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(levels[..., 0] if bands == 1 else levels, mode=None).save(path)
    return path


def draw_mask(path: Path, size: tuple[int, int] = (20, 16)) -> Path:
    """A white hole of 5x4 on black."""
    levels = np.zeros((size[1], size[0]), np.uint8)
    levels[4:8, 5:10] = 255
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(levels).save(path)
    return path
