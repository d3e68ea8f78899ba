"""Impulse noise: some values of a picture say nothing about it, the others are as they were.

    salt and pepper   values become black or white
    random            values become any value, the same chance for each
    stuck             a few values always are black, white or bright, as of a faulty sensor

`find` first asks whether a picture suffers from impulses at all; when in doubt it does not. What
is found can be filled like lost pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dipcli.degradation import outliers, saltpepper, stuck

LEAST_SIDE = 32  # pixels; smaller pictures tell too little


@dataclass(frozen=True)
class Impulses:
    """mask: (H, W, C) bool, the values hit; kind: "" (none) or one of those above.

    evidence: what spoke for it, as plain JSON.
    """

    mask: NDArray[np.bool_]
    kind: str = ""
    evidence: dict[str, object] = field(default_factory=dict)

    @property
    def share(self) -> float:
        """Of the values, those hit."""
        return float(self.mask.mean())

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.kind)


def find(observation: NDArray[np.float32]) -> Impulses:
    """The impulses of `observation`, (H, W, C) float32 in [0, 1]; none when in doubt.

    Well below a second for 512 x 512 pixels in colour.
    """
    none = Impulses(np.zeros(observation.shape, bool))
    if min(observation.shape[:2]) < LEAST_SIDE:
        return none
    found = saltpepper.found(observation)
    if found is not None and found[0].any():
        return Impulses(found[0], "salt and pepper", found[1])
    found = outliers.found(observation)
    if found is not None and found[0].any():
        return Impulses(found[0], "random", found[1])
    found = stuck.found(observation)
    if found is not None:
        return Impulses(found[0], "stuck", found[1])
    return none
