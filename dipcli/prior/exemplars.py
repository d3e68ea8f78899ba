"""Large holes filled with the picture's own patches, from coarse to fine.

The energy of Wexler, Shechtman, Irani (Space-time completion of video, PAMI 2007): every patch
that touches the hole is near to one that is fully known. It is lowered in turns: the nearest
known patch of each is sought, then each lost pixel is voted on by the patches over it. As in
Newson et al. (Video inpainting of complex scenes, SIAM J. Imaging Sci. 2014), mean absolute
gradients count in the distance, so that a blurred start still finds its texture, and on the
finest level each pixel comes from the nearest patch alone, so that nothing blurs.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from scipy.ndimage import distance_transform_edt
from torch import Tensor
from torch.nn import functional as F

from dipcli.prior.completion import interpolated
from dipcli.prior.matching import Level, exhaustive, refined, voted
from dipcli.prior.memory import Plain

PATCH = 7  # pixels a side
COARSEST_DEPTH = 12.0  # pixels from the known: 7 to 10 copy the library's stairs into its books
TEXTURE = 25.0  # weight of squared mean gradients; 8: a blurred start finds blank walls
MOST_SOURCES = 65_536  # there: 64 MB of patches
MOST_PAIRS = 2e8  # there, of a patch on the hole and a known one: some seconds a round
LEAST_SOURCES = 64  # known patches on the coarsest level
EXHAUSTIVE = 2  # rounds of the coarsest level that compare with every known patch


class Filling(Plain):
    """What changes: the level, the rounds made on it, its values and its matches."""

    def __init__(self, level: int, values: Tensor, match: Tensor) -> None:
        """values: (F, h, w); match: (h', w', 2), the source of each patch, or itself."""
        self.level = level
        self.made = 0
        self.values = values
        self.match = match


class Exemplars:
    """The completion of one picture; `filling` is its state between two rounds."""

    def __init__(self, y: Tensor, known: Tensor, start: Tensor, rounds: int, seed: int) -> None:
        """y: (1, C, H, W) in [0, 1], anything in the hole; known: (1, 1, H, W), 1 known, 0 hole.

        start: a filling whose colours and coarse structure are believed; rounds: on each level
        but the finest, which has half of them; seed: of the candidates drawn by chance.
        """
        self.y, self.known, self.rounds, self.seed = y, known, rounds, seed
        whole = torch.where(known > 0, y, start)
        hole = known[0, 0] == 0
        count = len(pyramid(whole[0], hole))
        self.levels = pyramid(torch.cat([whole, texture(y, known, 2**count)], 1)[0], hole)
        coarsest = self.levels[-1]
        self.filling = Filling(len(self.levels) - 1, coarsest.values, identity(coarsest))

    @property
    def planned(self) -> int:
        """How many rounds there are."""
        return sum(self.rounds_of(index) for index in range(len(self.levels)))

    def rounds_of(self, level: int) -> int:
        """The rounds on a level."""
        return self.rounds if level else (self.rounds + 1) // 2

    def fillings(self) -> Iterator[Tensor]:
        """The picture after each round that is left, (1, C, H, W); known pixels are those of y."""
        while True:
            state = self.filling
            if state.made == self.rounds_of(state.level):
                if state.level == 0:
                    return
                self._descend()
            self._round()
            yield self._picture()

    def _round(self) -> None:
        state, level = self.filling, self.levels[self.filling.level]
        if state.level == len(self.levels) - 1 and state.made < EXHAUSTIVE:
            match = exhaustive(level, state.values, state.match)
        else:
            seed = self.seed * 10_007 + state.level * 101 + state.made
            match = refined(level, state.values, state.match, seed)
        state.match = match
        state.values = voted(level, state.values, match, sharp=state.level == 0)
        state.made += 1

    def _descend(self) -> None:
        state = self.filling
        coarse, level = self.levels[state.level], self.levels[state.level - 1]
        h, w = level.hole.shape
        values = state.values.repeat_interleave(2, 1).repeat_interleave(2, 2)[:, :h, :w]
        values = torch.where(level.hole, values, level.values)
        match = finer(state.match, coarse, level)
        state.level, state.made, state.match = state.level - 1, 0, match
        state.values = voted(level, values, match, sharp=False)

    def _picture(self) -> Tensor:
        colours = self.filling.values[None, : self.y.shape[1]]
        size = (self.y.shape[2], self.y.shape[3])
        if self.filling.level:
            colours = F.interpolate(colours, size, mode="bilinear", align_corners=False)
        return torch.where(self.known > 0, self.y, colours)


def pyramid(values: Tensor, hole: Tensor) -> list[Level]:
    """Halved until it is small and its hole shallow; every level has fully known patches."""
    patch = min(PATCH, *hole.shape)
    while Level(values, hole, patch).touched.all():
        patch -= 1  # a single known pixel is a patch at last
    levels = [Level(values, hole, patch)]
    while not coarse_enough(levels[-1]):
        fine = levels[-1]
        smaller = F.avg_pool2d(fine.values[None], 2, ceil_mode=True)[0]
        any_lost = F.max_pool2d(fine.hole[None, None].float(), 2, ceil_mode=True)[0, 0] > 0
        level = Level(smaller, any_lost, patch)
        if min(any_lost.shape) < patch or len(level.sources) < LEAST_SOURCES:
            break
        levels.append(level)
    return levels


def coarse_enough(level: Level) -> bool:
    """Whether its patches see across the hole, and all can be compared with all."""
    known = len(level.sources)
    if known > MOST_SOURCES or known * len(level.targets) > MOST_PAIRS:
        return False
    return float(distance_transform_edt(level.hole.cpu().numpy()).max()) <= COARSEST_DEPTH


def texture(y: Tensor, known: Tensor, side: int) -> Tensor:
    """Mean absolute gradients about each pixel, (1, 2, H, W), weighted; smooth in the hole."""
    gray = y.mean(1, keepdim=True)
    found = []
    for axis, pad in ((2, (0, 0, 0, 1)), (3, (0, 1, 0, 0))):
        steep = F.pad(gray.diff(dim=axis).abs(), pad)
        n = known.shape[axis] - 1
        both = F.pad(known.narrow(axis, 0, n) * known.narrow(axis, 1, n), pad)
        sums, weight = (F.avg_pool2d(v, side + 1, 1, side // 2) for v in (steep * both, both))
        found.append(sums / weight.clamp_min(1e-6))
    features = torch.cat(found, 1) * TEXTURE**0.5
    return torch.where(known > 0, features, interpolated(features * known, known))


def identity(level: Level) -> Tensor:
    """Every patch, (h', w', 2)."""
    h, w = level.touched.shape
    return (
        torch.cartesian_prod(torch.arange(h), torch.arange(w)).view(h, w, 2).to(level.hole.device)
    )


def finer(match: Tensor, coarse: Level, level: Level) -> Tensor:
    """The matches of a coarser level as matches of this one: centres correspond."""
    every, half = identity(level), level.patch // 2
    above = coarse.within((every + half) // 2 - half)
    moved = level.within(every + 2 * (match[above[..., 0], above[..., 1]] - above))
    return torch.where(level.touched[..., None], moved, every)
