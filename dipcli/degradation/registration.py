"""Where a second picture of the same scene lies: by how many pixels it is moved.

Phase correlation (Kuglin and Hines 1975) of the outlines: the light differs between the two, and
so do shadows, but most outlines are those of the same things.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FINE = 10  # parts of a pixel that are told apart
OUTLINE = 1.5  # pixels, standard deviation of the blur before outlines are looked for
CLEARER = 1.05  # times as alike as unmoved must outlines be for a shift to be believed
CLEARER_PART = 1.02  # the same for parts of a pixel: noise moves outlines by a few tenths
NEAR = 0.03  # of the side; a shift beyond is no matter of a hand that moved
# Beyond, chance finds one: of other scenes 0.09 to 0.27; moved by 12 pixels of 96 it was 0.6
CLEARER_FAR, LEAST_FAR = 1.5, 0.35
LEAST_SIDE = 64  # pixels; in a smaller picture chance finds a far shift, too

Values = NDArray[np.float32]


@dataclass(frozen=True)
class Shift:
    """By how many pixels a picture lies too low and too far right; likeness: of the outlines
    then, from 0 to 1."""

    down: float
    right: float
    likeness: float

    @property
    def none(self) -> bool:
        """Whether the pictures lie on each other."""
        return self.down == self.right == 0

    def share(self, shape: tuple[int, ...]) -> float:
        """The shift as a share of the side of a picture (H, W, ...), the larger of two."""
        return max(abs(self.down) / shape[0], abs(self.right) / shape[1])

    @property
    def words(self) -> str:
        """By how much, in words."""
        vertical = f"{abs(self.down):g} {'down' if self.down > 0 else 'up'}"
        horizontal = f"{abs(self.right):g} {'right' if self.right > 0 else 'left'}"
        both = [vertical] * bool(self.down) + [horizontal] * bool(self.right)
        return " and ".join(both) + " pixels" if both else "0 pixels"


def shift_of(moving: Values, still: Values) -> Shift:
    """How `moving` lies on `still`, both (H, W, C) in [0, 1] of one size."""
    from skimage.registration import phase_cross_correlation

    a, b = outlines(moving), outlines(still)
    best = Shift(0.0, 0.0, round(likeness(a, b), 3))
    if not (a.any() and b.any()):
        return best
    for weighting in ("phase", None):  # the latter where noise has most of the frequencies
        found, *_ = phase_cross_correlation(b, a, upsample_factor=FINE, normalization=weighting)
        for digits, clearer in ((0, CLEARER), (1, CLEARER_PART)):
            down, right = (-round(float(n), digits) + 0.0 for n in found)
            candidate = likeness(shifted(a, -down, -right), b)
            there = Shift(down, right, round(candidate, 3))
            if there.share(a.shape) > NEAR:
                clearer = CLEARER_FAR
                if candidate < LEAST_FAR or min(a.shape) < LEAST_SIDE:
                    continue
            if candidate > clearer * max(best.likeness, 0.0):
                best = there
    return best


def moved(picture: Values, down: float, right: float) -> Values:
    """The picture, (H, W, C) in [0, 1], moved by so many pixels, its edges continued."""
    planes = [shifted(picture[..., number], down, right) for number in range(picture.shape[2])]
    return np.stack(planes, -1).clip(0, 1)


def shifted(plane: Values, down: float, right: float) -> Values:
    """A plane, (H, W), moved; by whole pixels its values stay."""
    from scipy.ndimage import shift

    whole = float(down).is_integer() and float(right).is_integer()
    out: Values = shift(plane, (down, right), order=1 if whole else 3, mode="nearest")
    return out.astype(np.float32, copy=False)


def outlines(picture: Values) -> Values:
    """How steep the logarithm of the brightness is, (H, W): alike in light and in shade."""
    from scipy.ndimage import gaussian_gradient_magnitude

    steep: Values = gaussian_gradient_magnitude(np.sqrt(picture.mean(2)), OUTLINE)
    edge = np.minimum(steep, np.quantile(steep, 0.99))
    centred = edge - edge.mean()
    window = np.hanning(len(edge) + 2)[1:-1, None] * np.hanning(edge.shape[1] + 2)[None, 1:-1]
    return np.asarray(centred * window, np.float32)


def likeness(a: Values, b: Values) -> float:
    """The cosine between two pictures of outlines."""
    size = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / size if size > 0 else 0.0
