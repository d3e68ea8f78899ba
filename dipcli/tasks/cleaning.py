"""A picture that is to be enlarged or filled, restored on the way: without a network.

What is wrong with it is found as `dip denoise` finds it. Where that is not certain (`Damage.limit`
is finite) nothing is done: the picture is only a means here, and may be clean.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from dipcli.degradation import damage as damages
from dipcli.degradation.damage import Damage
from dipcli.degradation.noise import Noise
from dipcli.pictures.coding import JpegCoding
from dipcli.presets.denoise import PRESETS, DenoiseSettings
from dipcli.presets.values import resolve
from dipcli.settings import Settings
from dipcli.stream.combinators import until_deadline
from dipcli.stream.step import Runtime, Step
from dipcli.tasks.arrays import Pixels, Window
from dipcli.tasks.filters import cleaned, covariances_of, patch_filter

STAGE = "cleaning"
AS_IS = Damage("clean", Noise(0.0))
LEAST_SIDE = 48  # pixels; at 32 the noise of two in three pictures is told wrongly: -1.8, -5.4 dB

# Windows without a hole that tell the damage. Of smaller ones seams are a large part.
WINDOW_SIDES = (64, 48)  # pixels, the larger first
CORNER_STEP = 16  # pixels between possible corners, which lie alike on a JPEG's grid
FEWEST_PIXELS = 8192  # of all windows together: a picture of 90x90
MOST_WINDOWS = 64  # as many as are wanted


@dataclass(frozen=True)
class Cleaning:
    """What is to be taken away first; covariances: of noise that neighbours share."""

    damage: Damage = AS_IS
    covariances: tuple[Tensor, ...] = ()
    facts: dict[str, object] = field(default_factory=dict)

    @classmethod
    def of(cls, observation: NDArray[np.float32], coding: JpegCoding | None) -> Cleaning:
        """For `observation`, (H, W, C) in [0, 1]; coding: of the JPEG file that it comes from."""
        return cls.of_damage(damages.examine(observation, coding=coding), Pixels.of(observation))

    @classmethod
    def of_known(
        cls, observation: NDArray[np.float32], hole: NDArray[np.bool_], coding: JpegCoding | None
    ) -> Cleaning:
        """For what is known of it; hole: (H, W) bool. Impulses are left: they may be anywhere."""
        known = known_windows(observation, hole)
        if known is None:
            return (
                cls.of_damage(damages.of_coding(coding), Pixels.of(observation))
                if coding
                else cls()
            )
        damage = damages.examine(known, coding=coding)
        if damage.impulses is not None:
            return cls(facts={**damage.found_out(), "restored": False})
        return cls.of_damage(damage, Pixels.of(known))

    @classmethod
    def of_damage(cls, damage: Damage, pixels: Pixels) -> Cleaning:
        """For damage that was found in `pixels`."""
        facts = damage.found_out()
        small = damage.coding is None and min(pixels.values.shape[:2]) < LEAST_SIDE
        if small or damage.limit < math.inf:
            damage = AS_IS
        facts["restored"] = not damage.clean
        return cls(damage, covariances_of(pixels, damage.noise), facts)

    def part(self, window: Window) -> Cleaning:
        """The same in a window of the picture."""
        return replace(self, damage=self.damage.part(*window.slices))

    def for_preset(self, preset: str) -> Cleaning:
        """The same; nothing for the published method, which knows of no cleaning."""
        return Cleaning() if preset == "paper" else self

    @property
    def needed(self) -> bool:
        """Whether there is anything to do."""
        return not self.damage.clean

    def steps(
        self, y: Tensor, settings: Settings, runtime: Runtime, deadline: float | None
    ) -> Iterator[Step]:
        """y, (1, C, H, W) in [0, 1], restored by the filters that the preset has for denoising."""
        kind = "jpeg" if self.damage.coding is not None else ""
        found = resolve(DenoiseSettings, PRESETS, settings.preset, kind)
        own = replace(found, method="patches")

        def remove_noise(x: Tensor, model: Noise) -> Iterator[Step]:
            passes = patch_filter(x, model, self.covariances, own, runtime, {}, STAGE)
            for step in until_deadline(passes, deadline):
                yield replace(step, estimate=model.unclipped(step.estimate))

        return cleaned(y, self.damage, remove_noise, own, runtime, deadline, STAGE)


def known_windows(
    observation: NDArray[np.float32], hole: NDArray[np.bool_]
) -> NDArray[np.float32] | None:
    """Windows of (H, W, C) without a hole, below one another; None where there are too few.

    Of more than MOST_WINDOWS it takes some, spread evenly.
    """
    for side in WINDOW_SIDES:
        found = disjoint_windows(hole, side)
        if len(found) * side * side >= FEWEST_PIXELS:
            chosen = np.unique(
                np.linspace(0, len(found) - 1, min(MOST_WINDOWS, len(found))).astype(int)
            )
            return np.concatenate([observation[found[i]] for i in chosen])
    return None


def disjoint_windows(hole: NDArray[np.bool_], side: int) -> list[tuple[slice, slice]]:
    """Windows without a hole that do not overlap, taken from the top left on."""
    taken, found = hole.copy(), []
    height, width = hole.shape
    for top in range(0, height - side + 1, CORNER_STEP):
        for left in range(0, width - side + 1, CORNER_STEP):
            window = slice(top, top + side), slice(left, left + side)
            if not taken[window].any():
                taken[window] = True
                found.append(window)
    return found
