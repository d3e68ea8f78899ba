"""Noise of which a second, nearly clean picture of the same scene is the witness.

Where that one is flat, so is the scene, and what varies there in the noisy picture is noise, of
about one strength all over, and no texture. So what `damage.examine` doubts, or takes for the
traces of coding, is settled.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dipcli.degradation.damage import Damage
from dipcli.degradation.flat import blocks, without_plane
from dipcli.degradation.noise import Noise, estimate

SIDE = 8  # pixels of a block
FLATTEST, LEAST_BLOCKS = 0.05, 24  # share of the blocks that are flat; so many at least
DARK, BRIGHT = 0.06, 0.95  # means of blocks beyond which the witness would see nothing
# Twelve pairs with noise of 4 to 25 and the cave: 1.3 to 60 times the witness's own, 0.9 quantile
# of the strengths over their median 1.08 to 1.48; clean pairs 0.3 to 0.75 times; of clean pictures
# with a witness of another scene all that vary more have 1.78 to 6.6.
VISIBLE = 2 / 255
STRONGER = 1.5
EVEN = 1.6

Values = NDArray[np.float32]


def settled(damage: Damage, observation: Values, witness: Values) -> Damage:
    """The damage, certain where the witness confirms it; pictures (H, W, C) in [0, 1]."""
    certain = not damage.noise.clean and damage.limit == float("inf")
    if certain or damage.impulses is not None or min(observation.shape[:2]) < 2 * SIDE:
        return damage
    strength = seen(observation, witness)
    evidence = {**damage.evidence, "confirmed by flash": round(255 * strength, 2)}
    if not strength:
        return damage
    if not damage.noise.clean:
        return replace(damage, limit=float("inf"), evidence=evidence)
    coded = damage.coding is not None
    kind = "photo" if coded else "white"
    noise: Noise = estimate(observation, kind)
    name = f"{noise.kind}+jpeg" if coded else noise.kind
    return damage if noise.clean else Damage(name, noise, evidence=evidence)


def seen(observation: Values, witness: Values) -> float:
    """The standard deviation of the noise in [0, 1]; 0 where none is confirmed."""
    noisy, flat = (energies(picture) for picture in (observation, witness))
    mean = blocks(tensor(witness), SIDE).mean((1, 2, 3))
    usable = (mean > DARK) & (mean < BRIGHT)
    if int(usable.sum()) < LEAST_BLOCKS:
        return 0.0
    noisy, flat = noisy[usable], flat[usable]
    chosen = flat.argsort()[: max(LEAST_BLOCKS, int(FLATTEST * len(flat)))]
    own = float(flat[chosen].mean().sqrt())
    strengths = noisy[chosen].sqrt()
    usual, most = float(strengths.median()), float(strengths.quantile(0.9))
    confirmed = usual > max(VISIBLE, STRONGER * own) and most < EVEN * usual
    return usual if confirmed else 0.0


def energies(picture: Values) -> Tensor:
    """The variance of each block of (H, W, C), a plane taken off: (N,)."""
    return without_plane(blocks(tensor(picture), SIDE)).square().mean((1, 2, 3))


def tensor(picture: Values) -> Tensor:
    """(H, W, C) -> (1, C, H, W)."""
    return torch.from_numpy(picture.transpose(2, 0, 1).copy())[None]
