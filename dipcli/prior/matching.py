"""Patches of a picture that touch a hole, and the known ones nearest to them.

The search is that of PatchMatch (Barnes et al. 2009), for all patches at once. What is near in
the picture is preferred, in units of the picture's own contrast: a shelf continues with its own
books. A patch is named by its upper left pixel, (y, x).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from scipy.ndimage import distance_transform_edt
from torch import Tensor
from torch.nn import functional as F

NEARNESS = 4.0  # weight of (distance / longer side)^2 in contrasts; 0: stairs among the books
TRUST = 1.3  # by which a vote loses with each pixel from the known, as in Wexler et al.
SPREAD = 0.75  # the quantile of the distances of the votes that is their scale
VALUES_AT_ONCE = 8_000_000  # of patches that are compared together: 32 MB an array
NEIGHBOURS = tuple(
    (dy * r, dx * r) for r in (1, 3, 8) for dy, dx in ((0, 1), (1, 0), (0, -1), (-1, 0))
)


@dataclass(frozen=True)
class Level:
    """The picture at one size: values, (F, h, w), of colours and texture; hole, (h, w) bool."""

    values: Tensor
    hole: Tensor
    patch: int

    @cached_property
    def rows(self) -> Tensor:
        """The values, (h, w, F)."""
        return self.values.permute(1, 2, 0).contiguous()

    @cached_property
    def touched(self) -> Tensor:
        """Whether a patch touches the hole, (h - patch + 1, w - patch + 1) bool."""
        return F.max_pool2d(self.hole[None, None].float(), self.patch, 1)[0, 0] > 0

    @cached_property
    def targets(self) -> Tensor:
        """The patches that touch the hole, (n, 2)."""
        return self.touched.nonzero()

    @cached_property
    def sources(self) -> Tensor:
        """The fully known patches, (m, 2)."""
        return (~self.touched).nonzero()

    @cached_property
    def far(self) -> float:
        """What a squared pixel of distance costs."""
        known = (~self.hole).to(self.values.dtype)
        down = self.values.diff(dim=1).square() * known[1:] * known[:-1]
        right = self.values.diff(dim=2).square() * known[:, 1:] * known[:, :-1]
        contrast = (down.sum() + right.sum()) / known.sum() * self.patch**2
        return NEARNESS * float(contrast) / max(self.hole.shape) ** 2

    @cached_property
    def trust(self) -> Tensor:
        """The weight of each patch's vote, as `touched`: less, the deeper its centre lies."""
        depth = torch.from_numpy(distance_transform_edt(self.hole.cpu().numpy()))
        middle = depth[self.patch // 2 :, self.patch // 2 :]
        h, w = self.touched.shape
        return torch.pow(TRUST, -middle[:h, :w]).to(self.values)

    def within(self, at: Tensor) -> Tensor:
        """The patches nearest to `at`, (..., 2)."""
        last = torch.tensor(self.touched.shape, device=at.device) - 1
        return at.clamp_min(0).minimum(last)


def patches(rows: Tensor, at: Tensor, p: int) -> Tensor:
    """Those at (n, 2) of rows, (h, w, F), as (n, p p F)."""
    h, w, f = rows.shape
    every = rows.as_strided((h - p + 1, w - p + 1, p, p * f), (w * f, f, w * f, 1))
    return every[at[:, 0], at[:, 1]].flatten(1)


def exhaustive(level: Level, values: Tensor, match: Tensor) -> Tensor:
    """The nearest source of every target."""
    rows, match = values.permute(1, 2, 0).contiguous(), match.clone()
    sources = patches(level.rows, level.sources, level.patch)
    at_once = max(1, VALUES_AT_ONCE // len(sources))
    for targets in torch.split(level.targets, at_once):
        there = patches(rows, targets, level.patch)
        away = (targets[:, None] - level.sources).square().sum(-1)  # (n, m)
        d = sources.square().sum(1) - 2 * there @ sources.t() + level.far * away
        match[targets[:, 0], targets[:, 1]] = level.sources[d.argmin(1)]
    return match


def distances(level: Level, rows: Tensor, targets: Tensor, sources: Tensor) -> Tensor:
    """Between patches of rows at (n, 2) and known ones at (n, 2), (n,)."""
    p = level.patch
    found = [rows.new_zeros(0)]
    at_once = max(1, VALUES_AT_ONCE // (p * p * rows.shape[2]))
    for t, s in zip(torch.split(targets, at_once), torch.split(sources, at_once), strict=True):
        apart = (patches(rows, t, p) - patches(level.rows, s, p)).square().sum(1)
        found.append(apart + level.far * (t - s).square().sum(1))
    return torch.cat(found)


def refined(level: Level, values: Tensor, match: Tensor, seed: int) -> Tensor:
    """Nearer sources: those next to the neighbours' ones, and some by chance about the best."""
    rows, match, targets = values.permute(1, 2, 0).contiguous(), match.clone(), level.targets
    at = (targets[:, 0], targets[:, 1])
    best = match[at]
    usable = ~level.touched[best[:, 0], best[:, 1]]
    distance = distances(level, rows, targets, best).where(usable, torch.inf)
    generator = torch.Generator().manual_seed(seed)

    def consider(candidates: Tensor) -> None:
        near = level.within(candidates)
        new = (near == candidates).all(1) & (near != best).any(1)
        i = (new & ~level.touched[near[:, 0], near[:, 1]]).nonzero()[:, 0]
        d = distances(level, rows, targets[i], near[i])
        nearer = d < distance[i]
        i, d = i[nearer], d[nearer]
        distance[i], best[i] = d, near[i]
        match[targets[i, 0], targets[i, 1]] = near[i]

    for step in NEIGHBOURS:
        beside = level.within(targets + torch.tensor(step, device=targets.device))
        consider(match[beside[:, 0], beside[:, 1]] - (beside - targets))
    draws = level.sources[torch.randint(len(level.sources), (len(targets),), generator=generator)]
    consider(draws)
    reach = max(level.touched.shape)
    while reach:
        draws = torch.randint(-reach, reach + 1, targets.shape, generator=generator)
        consider(best + draws.to(targets.device))
        reach //= 3
    return match


def voted(level: Level, values: Tensor, match: Tensor, sharp: bool) -> Tensor:
    """The values, (F, h, w), with each lost pixel the mean of what the patches over it propose.

    sharp: what the nearest of them proposes, instead.
    """
    p, found = level.patch, []
    reach = torch.cartesian_prod(torch.arange(p), torch.arange(p)).to(match.device)
    distance = torch.full(level.touched.shape, torch.inf).to(values)
    sources = match[level.targets[:, 0], level.targets[:, 1]]
    rows = values.permute(1, 2, 0).contiguous()
    distance[level.touched] = distances(level, rows, level.targets, sources)
    lost = level.hole.nonzero()
    for pixels in torch.split(lost, max(1, VALUES_AT_ONCE // (p * p * rows.shape[2]))):
        patch = pixels[:, None] - reach
        near = level.within(patch)
        at = (near[..., 0], near[..., 1])  # (n, p p)
        d = distance[at].where((near == patch).all(-1), torch.inf)
        if sharp:
            chosen = d.argmin(1, keepdim=True)
            at = (at[0].gather(1, chosen), at[1].gather(1, chosen))
            weight = torch.ones_like(chosen, dtype=d.dtype)
            source = match[at] + reach[chosen]
        else:
            rank = ((d.isfinite().sum(1, keepdim=True) - 1) * SPREAD).long()
            scale = 2 * d.sort(1).values.gather(1, rank).clamp_min(1e-9)
            weight = torch.exp((d.amin(1, keepdim=True) - d) / scale) * level.trust[at]
            source = (match[at] + reach).minimum(torch.tensor(level.hole.shape).to(reach) - 1)
        proposed = level.rows[source[..., 0], source[..., 1]]  # (n, votes, F)
        found.append((proposed * weight[..., None]).sum(1) / weight.sum(1, keepdim=True))
    filled = values.clone()
    filled[:, level.hole] = torch.cat(found).t()
    return filled
