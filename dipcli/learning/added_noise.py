"""Noise that clean pictures get, so that pairs can be made of them (Noise2Noise, section 3)."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from dipcli.learning.settings import NoiseKind

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
SIZES = (10, 30)  # pixels high
MOST_LINES = 200  # of text on one picture


def corrupted(clean: Tensor, noise: NoiseKind, generator: torch.Generator) -> Tensor:
    """Each of clean, (B, C, H, W) in [0, 1], with noise of its own level; not clipped.

    Clipped noise would no longer have the mean 0, and as a target would shift the result.
    """
    share = torch.rand(clean.shape[0], 1, 1, 1, generator=generator)
    level = (noise.low + share * (noise.high - noise.low)).to(clean.device)
    if noise.kind == "gaussian":
        drawn = torch.randn(clean.shape, generator=generator).to(clean.device)
        return clean + level / 255 * drawn
    if noise.kind == "poisson":
        photons = (clean * level).cpu()
        return torch.poisson(photons, generator=generator).to(clean.device) / level
    seeds = torch.randint(1 << 31, (clean.shape[0],), generator=generator).tolist()
    written = [
        _with_text(one, float(most) / 100, np.random.default_rng(seed))
        for one, most, seed in zip(clean, level, seeds, strict=True)
    ]
    return torch.stack(written)


def as_observed(noisy: Tensor) -> Tensor:
    """What a file holds of a noisy picture: nothing below black or above white."""
    return noisy.clamp(0, 1)


def _with_text(clean: Tensor, most: float, rng: np.random.Generator) -> Tensor:
    """clean, (C, H, W), with lines of random letters, sizes, places and colours over it."""
    channels, height, width = clean.shape
    covered = np.zeros((height, width), bool)
    found = clean.permute(1, 2, 0).cpu().numpy().copy()  # (H, W, C)
    share = rng.uniform(0, most)
    for _ in range(MOST_LINES):
        if covered.mean() >= share:
            break
        line = _line(height, width, rng)
        found[line] = rng.uniform(0, 1, channels)
        covered |= line
    return torch.from_numpy(found).permute(2, 0, 1).to(clean)


def _line(height: int, width: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """The pixels of one line of letters, somewhere in (height, width)."""
    sheet = Image.new("L", (width, height))
    font = ImageFont.load_default(float(rng.integers(*SIZES)))
    letters = "".join(rng.choice(list(LETTERS), rng.integers(1, 13)))
    place = (float(rng.integers(-20, width)), float(rng.integers(-10, height)))
    ImageDraw.Draw(sheet).text(place, letters, fill=255, font=font)
    return np.asarray(sheet) > 127
