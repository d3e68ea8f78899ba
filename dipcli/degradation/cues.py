"""What blocks and patches of a picture tell of its noise, and whether it is noise at all."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dipcli.degradation import finest
from dipcli.degradation import noise as noises
from dipcli.degradation.blocks import (
    LARGE,
    SMALL,
    Blocks,
    Shape,
    blocks,
    bound,
    conforming,
    halved,
    shape,
    tilt,
)
from dipcli.degradation.noise import Noise

SHARED = 1.6  # noise that neighbours share is as many times stronger than its white part
CONFIRMED = 0.2  # share of conforming blocks in camera noise; clean photographs have 0.1 to 0.16
CONFIRMED_GRAY = 0.18  # of gray ones in white noise; sigma 5 in photographs 0.2 and more
AGREEING = 0.7  # of the noise that patches see, the flattest blocks of every colour have
COLOURFUL = 2.2 / 255  # the flattest blocks of clean photographs have at most 1.3 in all colours
COLOUR_SHARE = 0.21  # of the noise in the brightness; camera noise 0.22 to 1, grass 0.1 to 0.2
SHRINKING = 0.8  # growth of noise by chance, where few blocks are flat
# After a JPEG of 80 to 93 clean colours have at most 0.9 where they are a fifth of the brightness
# or more (107 crops), camera noise of 3 at 90 has 1 to 2.3, of 5 1.9 and more, and its spectrum a
# tilt of 6.5 and more. Thirteen crops: from 1.5 on its removal gains 0.5 to 6.8 dB over undoing
# the JPEG alone, at 1.37 (share 0.18) and 1.48 (0.27) it loses 4.7 and 1.1.
TINTED, TINTED_SHARE, SMOOTHED = 1.5 / 255, 0.3, 6.0
CLEANED = 9 / 255  # stronger noise is in the colours, too: no camera cleans them so well
WHITE = 0.25  # correlation of neighbours in the flattest blocks: grass 0.5, sigma 5 below 0.25
MANY = 40_000  # pixels, from which on all colours do not agree by chance
# A small picture has no large block that is flat: its small ones have white noise in all colours,
# about as strong as patches see it. Of 487 clean ones, of 41 photographs reduced or cut, none has
# this at 4.4; with a sigma of 5 eight in ten have. Fur (Baboon) reaches 0.93 and 4 times.
ALIKE, ALIKE_COLOUR, ALIKE_GRAY, ALIKE_LEAST = 0.95, 0.75, 3.0, 4.4 / 255
# A gray picture without a flat block: its patches have Gaussian noise along their directions of
# least variance. Of 194 clean gray crops none has this, with a sigma of 2 none of 45; with 5 and
# 10, 26 of 103 more are found. Fingerprints have 2.3 to 5 times the noise in their flattest
# blocks, and a kurtosis of 3.0: at sigma 2 one lost 2.6 dB. Grass and gravel have 3.19.
GAUSSIAN, GAUSSIAN_LEAST, GAUSSIAN_MOST = 3.15, 3.5 / 255, 2.0
# Where patches see that much or more, clean gray crops have a kurtosis of 3.66 and more (187).
GAUSSIAN_STRONG = 9 / 255
COLOURED = 1.35  # times the white noise that patches see, if neighbours share noise in all colours
# Middle over high frequencies in the flattest blocks, the least of all colours. Where patches see
# as much as the flattest blocks have (they see texture), camera noise of 3 to 25 has 2.7 and more
# (21 of 454 crops); white noise of 2 to 50 at most 2.4 (370 crops), a Hubble picture's own noise.
TILTED, TILTED_LEAST = 2.45, 2.6 / 255

Values = NDArray[np.float32]


@dataclass(frozen=True)
class Cues:
    """What blocks and patches tell.

    pixels: of the picture; model: white noise as patches see it; strength: its standard
    deviation; gray: one channel alone; agreement: how much of `strength` the flattest blocks of
    every colour have, 1 for white noise; level: what noise can be at most, in the brightness;
    colour: the same in the colour that has least; growth: of the roughness of blocks twice as
    large; half: the same in the picture reduced by two; confirmed: the share of conforming
    blocks, small and large; shape: of the flattest; kurtosis: of
    gray, where it has least of its own (see `finest`), else inf; tilt: of the spectra of the
    flattest blocks (see `blocks`).
    """

    pixels: int
    model: Noise
    strength: float
    gray: bool
    agreement: float
    level: float
    colour: float
    growth: float
    half: float
    confirmed: tuple[float, float]
    shape: Shape
    kurtosis: float
    tilt: float

    @classmethod
    def of(cls, observation: Values) -> Cues:
        """Measure them; (H, W, C) float32 in [0, 1]."""
        small, large = blocks(observation, SMALL), blocks(observation, LARGE)
        reduced = blocks(halved(observation), SMALL)
        model, agreement = white_model(observation, small)
        bounds = [bound(rough, SMALL) for rough in small.rough]
        flat = max(lowest(small.rough[0]), 1e-6)
        return cls(
            pixels=observation.shape[0] * observation.shape[1],
            model=model,
            strength=strength_of(model, observation),
            gray=len(bounds) == 1,
            agreement=agreement,
            level=bounds[0],
            colour=min(bounds[1:], default=0.0),
            growth=lowest(large.rough[0]) / flat,
            half=lowest(reduced.rough[0]) / flat,
            confirmed=(confirmed(small), confirmed(large)),
            shape=shape(large),
            kurtosis=finest.kurtosis(observation) if len(bounds) == 1 else math.inf,
            tilt=tilt(small),
        )

    @property
    def formed(self) -> bool:
        """Whether the flattest blocks have the shape of noise; textures mostly have another."""
        shape = self.shape
        alone = 2.7 < shape.kurtosis < 4.85 and shape.direction < 0.105 and shape.slant < 0.07
        return alone and abs(shape.far) < 0.08 and self.growth < 1.57 and self.half < 1.27

    @property
    def nearly_formed(self) -> bool:
        """The same with less certainty."""
        shape = self.shape
        alone = 2.6 < shape.kurtosis < 5 and shape.direction < 0.14 and shape.slant < 0.1
        return alone and abs(shape.far) < 0.12 and self.growth < 1.7 and self.half < 1.4

    @property
    def certain(self) -> bool:
        """Whether noise that neighbours share is there without doubt."""
        if self.level > CLEANED and not self.colourful:
            return False
        return self.colourful or (self.formed and self.confirmed[1] >= CONFIRMED)

    @property
    def colourful(self) -> bool:
        """Whether the flattest blocks have noise in all colours, as no clean photograph does."""
        enough = self.colour > max(COLOURFUL, COLOUR_SHARE * self.level) or self.tinted
        return enough and self.shape.direction < 0.2 and self.growth > SHRINKING

    @property
    def tinted(self) -> bool:
        """The same of colours that coding has smoothed."""
        coded = self.tilt > SMOOTHED
        return coded and self.colour > max(TINTED, TINTED_SHARE * self.level)

    @property
    def agreed(self) -> bool:
        """Whether white noise is there without doubt, and not a texture that looks like it."""
        if self.gray:
            return self.confirmed[0] >= CONFIRMED_GRAY and self.shape.near < WHITE
        certain = self.pixels >= MANY or self.shape.near < WHITE or self.alike
        return self.agreement >= AGREEING and certain

    @property
    def alike(self) -> bool:
        """Whether the small blocks of all colours have as much noise as patches see."""
        least, most = ALIKE_COLOUR * self.strength, ALIKE_GRAY * self.strength
        strong = self.strength >= ALIKE_LEAST and self.agreement >= ALIKE
        return strong and self.colour >= least and self.level <= most

    @property
    def gaussian(self) -> bool:
        """Whether a gray picture has white noise where it has least of its own."""
        even = self.agreement < GAUSSIAN_MOST and self.strength >= GAUSSIAN_LEAST
        return self.kurtosis < GAUSSIAN and (even or self.strength >= GAUSSIAN_STRONG)

    @property
    def surely_gaussian(self) -> bool:
        """The same of noise so strong that no texture looks like it."""
        return self.gaussian and self.strength >= GAUSSIAN_STRONG

    @property
    def shared(self) -> bool:
        """Whether most of the noise, if it is noise, is one that neighbours share."""
        if self.strength < noises.CORRELATED_BELOW:
            return True
        coloured = self.agreement > (SHARED if self.gray else COLOURED)
        gray_too = not self.gray or self.confirmed[0] > CONFIRMED_GRAY
        stronger = self.level > SHARED * self.strength and coloured and gray_too
        return self.certain and (stronger or self.tilted)

    @property
    def tilted(self) -> bool:
        """Whether the flattest blocks lack high frequencies in all colours, as no white noise."""
        strong = self.strength >= TILTED_LEAST and self.level > self.strength
        return not self.gray and strong and self.tilt > TILTED

    def evidence(self) -> dict[str, object]:
        """As plain JSON."""
        return {
            "white": round(255 * self.strength, 2),
            "flattest": round(255 * self.level, 2),
            "flattest_colour": round(255 * self.colour, 2),
            "agreement": round(self.agreement, 3),
            "growth": round(self.growth, 3),
            "half": round(self.half, 3),
            "tilt": round(self.tilt, 2),
            **({"kurtosis": round(self.kurtosis, 3)} if self.kurtosis < math.inf else {}),
            "conforming": [round(share, 3) for share in self.confirmed],
            **{f"shape_{name}": round(value, 3) for name, value in vars(self.shape).items()},
        }


def white_model(observation: Values, small: Blocks) -> tuple[Noise, float]:
    """White noise as patches see it, and how much of it the flattest blocks have at least.

    Whether it follows the light is left to the blocks where patches are not sure.
    """
    found = []
    energies = noises.patch_energies(observation)
    for kind in ("white", "poisson"):
        model = noises.law(*energies, kind)
        expected = noises.deviations(model, small.mean)
        found.append((model, min(bound(rough / expected, SMALL) for rough in small.rough)))
    (_, share), (_, other) = found
    return found[1 if share < AGREEING < other else 0]


def strength_of(model: Noise, observation: Values) -> float:
    """The standard deviation of noise over a picture, as a mean square."""
    return math.sqrt(model.sigma**2 + model.gain * float(observation.mean()))


def confirmed(of: Blocks) -> float:
    """The share of conforming blocks."""
    return conforming(of.rough[0], of.mean)


def lowest(rough: Values) -> float:
    """The roughness that the flattest fiftieth of blocks stays below."""
    return float(np.quantile(rough, 0.02))
