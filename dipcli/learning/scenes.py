"""Parts of many pictures to learn from, and those that are held out to measure by.

Three ways to come by pairs: two noisy pictures of each scene, two noisy copies of a clean one
(Noise2Noise, Lehtinen et al., ICML 2018), or one noisy picture whose neighbours are the pair
(Neighbor2Neighbor, Huang et al., CVPR 2021), which `training` makes of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from dipcli.errors import UsageError
from dipcli.learning.added_noise import as_observed, corrupted
from dipcli.learning.settings import NoiseKind
from dipcli.learning.training_pairs import dihedral
from dipcli.prior.descent import seeded

HELD_OUT = 10  # one picture of so many is held out
FEW = 5  # pictures, of which none is: instead the lower part of each
WINDOW = 256  # pixels: the side of what is looked at of a picture held out
VALIDATION_RUN = 1  # the number of the generator that draws what validation sees


@dataclass(frozen=True)
class Scene:
    """One picture, (C, H, W), uint8 or float32 in [0, 1], and what it is to become.

    target: another noisy picture of the same scene, or the truth; None: it is clean, or its own
    neighbour, whichever the pictures are.
    """

    seen: Tensor
    target: Tensor | None = None

    def __post_init__(self) -> None:
        """Both of a pair have one size, or UsageError."""
        if self.target is not None and self.target.shape != self.seen.shape:
            shapes = f"{tuple(self.seen.shape)} and {tuple(self.target.shape)}"
            raise UsageError(f"a pair has the shapes {shapes}; it shows one scene in one size")

    @property
    def pixels(self) -> int:
        """How many it has."""
        return self.seen.shape[-2] * self.seen.shape[-1]

    def part(self, top: int, left: int, height: int, width: int) -> Scene:
        """A window of it."""
        place = (..., slice(top, top + height), slice(left, left + width))
        return Scene(self.seen[place], None if self.target is None else self.target[place])


def in_unit(values: Tensor) -> Tensor:
    """Values in [0, 1], float32."""
    return values.float() / 255 if values.dtype is torch.uint8 else values


def held_out(scenes: Sequence[Scene], least: int) -> tuple[list[Scene], list[Scene]]:
    """Those to learn from, and those to measure by: every tenth; of few, the lower part of each.

    least: side of a part in pixels. Which ones depends on their order alone.
    """
    if len(scenes) >= FEW:
        middle = HELD_OUT // 2 if len(scenes) >= HELD_OUT else len(scenes) // 2
        chosen = range(middle, len(scenes), HELD_OUT)
        rest = [scene for n, scene in enumerate(scenes) if n not in chosen]
        return rest, [scenes[n] for n in chosen]
    upper, lower = [], []
    for scene in scenes:
        height, width = scene.seen.shape[-2:]
        rows = max(least, height // HELD_OUT)
        if height < rows + least:
            raise UsageError(
                f"{width}x{height} is too small to learn from and to measure by; "
                f"give {FEW} pictures, or higher ones"
            )
        upper.append(scene.part(0, 0, height - rows, width))
        lower.append(scene.part(height - rows, 0, rows, width))
    return upper, lower


class Sampler:
    """Draws parts of pictures, each pixel as often as every other, turned and mirrored."""

    def __init__(self, scenes: Sequence[Scene], noise: NoiseKind | None, clean: bool) -> None:
        """noise: what clean pictures get, None for noisy ones; clean: whether they are targets."""
        self.scenes, self.noise, self.clean = list(scenes), noise, clean
        self.weights = torch.tensor([float(scene.pixels) for scene in scenes])

    def sample(
        self, count: int, side: int, generator: torch.Generator
    ) -> tuple[Tensor, Tensor | None]:
        """What the network sees and what it shall give, (count, C, side, side); None: neighbours.

        The two noisy copies of a clean picture have noise drawn independently.
        """
        chosen = torch.multinomial(self.weights, count, replacement=True, generator=generator)
        parts = [self._part(self.scenes[int(n)], side, generator) for n in chosen]
        seen = torch.stack([seen for seen, _ in parts])
        if self.noise is not None:
            return self._pair(seen, generator)
        targets = [target for _, target in parts if target is not None]
        return seen, torch.stack(targets) if targets else None

    def _pair(self, clean: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        assert self.noise is not None
        seen = as_observed(corrupted(clean, self.noise, generator))
        return seen, clean if self.clean else corrupted(clean, self.noise, generator)

    def _part(
        self, scene: Scene, side: int, generator: torch.Generator
    ) -> tuple[Tensor, Tensor | None]:
        height, width = scene.seen.shape[-2:]
        draws = torch.rand(3, generator=generator).tolist()
        top, left = int(draws[0] * (height - side + 1)), int(draws[1] * (width - side + 1))
        part = scene.part(top, left, side, side)
        turns, mirrored = divmod(int(draws[2] * 8), 2)
        both = [one for one in (part.seen, part.target) if one is not None]
        turned = [dihedral(in_unit(one)[None], turns, mirrored)[0] for one in both]
        return turned[0], turned[1] if part.target is not None else None


def to_measure(
    scenes: Sequence[Scene], noise: NoiseKind | None, seed: int
) -> list[tuple[Tensor, Tensor | None]]:
    """The middle of each, (1, C, h, w), noisy and as it should be; noise drawn once for all."""
    generator = seeded(seed, VALIDATION_RUN)
    found: list[tuple[Tensor, Tensor | None]] = []
    for scene in scenes:
        height, width = scene.seen.shape[-2:]
        h, w = min(height, WINDOW), min(width, WINDOW)
        part = scene.part((height - h) // 2, (width - w) // 2, h, w)
        seen = in_unit(part.seen)[None]
        target = None if part.target is None else in_unit(part.target)[None]
        if noise is not None and target is None:
            middle = (noise.low + noise.high) / 2
            fixed = NoiseKind(noise.kind, middle, middle)
            seen, target = as_observed(corrupted(seen, fixed, generator)), seen
        found.append((seen, target))
    return found
