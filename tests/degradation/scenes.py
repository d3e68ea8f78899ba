"""Pictures and their JPEGs for the tests of what coding does."""

import io

import numpy as np
import torch
from PIL import Image

from dipcli.pictures.coding import of_file


def scene(height, width, seed=0):
    """Levels (h, w, 3): soft colours, edges, stripes and a little grain."""
    rng = np.random.default_rng(seed)
    down, across = np.mgrid[:height, :width]
    soft = [np.sin(down / 17 + 2 * c) + np.cos(across / (11 + 3 * c)) for c in range(3)]
    picture = 120 + 30 * np.stack(soft, 2)
    picture[(down - height / 2) ** 2 + (across - width / 2) ** 2 < (height / 3) ** 2] += (
        40,
        -30,
        9,
    )
    picture[:, width // 2 :] += 14 * np.sin(across[:, width // 2 :, None] / 1.5)
    return (picture + rng.normal(0, 3, picture.shape)).clip(0, 255).round().astype(np.uint8)


def file_of(levels, **options):
    """The bytes of a JPEG of levels, (h, w, 3) or (h, w)."""
    buffer = io.BytesIO()
    Image.fromarray(levels).save(buffer, "JPEG", **options)
    return buffer.getvalue()


def decoded(data):
    """The levels, (h, w, C), and the coding of a JPEG."""
    image = Image.open(io.BytesIO(data))
    levels = np.array(image)
    return levels.reshape(*levels.shape[:2], -1), of_file(image.quantization, image.layer)


def tensor(levels):
    """(1, C, H, W) in [0, 1]."""
    return torch.from_numpy(np.array(levels, np.float32)).permute(2, 0, 1)[None] / 255


def to_levels(x):
    """The reverse, rounded."""
    return (255 * x[0].permute(1, 2, 0)).round().numpy().astype(np.uint8)


def psnr(a, b):
    return -10 * np.log10(np.mean((a.astype(float) - b.astype(float)) ** 2) / 255**2)
