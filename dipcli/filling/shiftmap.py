"""Large holes filled with shifted copies of what is known.

Shift-map editing (Pritch, Kav-Venaki, Peleg, ICCV 2009) with the shifts of He and Sun
(`offsets`): each lost pixel is given one of few shifts, so that copies of different shifts meet
where they look alike. Added to the published cost of a shift: what is near is believed, and so
are the coarse colours of a guide, the network's picture. The copies' gradients are integrated at
last (`blending`), so that no change of brightness is left where they meet.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, distance_transform_edt, find_objects, gaussian_filter
from scipy.ndimage import label as components
from torch import Tensor

from dipcli.filling.blending import Hole, Picture, blended
from dipcli.filling.graphcut import AlphaExpansion, Floats, Ints
from dipcli.filling.offsets import aligned, dominant
from dipcli.patches.filter import halved

GUIDED = 0.4  # cost of an unlike coarse colour; 0.3: the library's stairs among its books
COARSE = 0.35  # of the hole's depth, the blur after which colours are compared; 0.5: stairs
FAR = 0.035  # cost of a shift by the hole's depth; 0: a curtain where the vase stood
NO_COPY = 0.5  # cost of the guide's own value: only where no shift is possible
NEVER = 1e3
SOME = np.float32(1e-6)  # of weight
MOST_LOST = 8000  # pixels that get a shift of their own; larger holes are reduced first
MOST_SEEN = 60_000  # pixels of the neighbourhood, likewise
LEAST_SEEN = 32  # pixels on each side of a hole


@dataclass(frozen=True)
class View:
    """The neighbourhood of a hole at one size: values, (h, w, C), the guide's where not known.

    hole, lost: (h, w), what is to be filled, and all that is not known: other holes, too.
    """

    values: Picture
    hole: Hole
    lost: Hole

    @cached_property
    def depth(self) -> float:
        """Pixels from the known, at most."""
        return float(distance_transform_edt(self.hole).max())

    @property
    def small(self) -> bool:
        """Whether each lost pixel can get a shift of its own."""
        return self.hole.sum() <= MOST_LOST and self.hole.size <= MOST_SEEN

    def reduced(self) -> View:
        """Half as large; what is partly lost is lost."""
        masks = np.stack([self.hole, self.lost], 2)
        all_planes = np.concatenate([self.values, masks], 2, dtype=np.float32)
        planes = torch.from_numpy(all_planes).permute(2, 0, 1)[None]
        small = halved(planes)[0].permute(1, 2, 0).numpy()
        return View(small[..., :-2].copy(), small[..., -2] > 0, small[..., -1] > 0)


def fill_holes(
    y: Tensor,
    known: Tensor,
    guide: Tensor,
    sweeps: int,
    reached: tuple[int, Tensor] | None = None,
) -> Iterator[Tensor]:
    """The picture after each hole is filled, (1, C, H, W); known pixels are those of y.

    y: (1, C, H, W) in [0, 1], anything in the hole; known: (1, 1, H, W), 1 known, 0 hole; guide:
    a filling whose coarse colours are believed; sweeps: over the labels; reached: how many holes
    were filled, and the picture, to go on from there.
    """
    lost = known[0, 0].cpu().numpy() == 0
    made, picture = (0, torch.where(known > 0, y, guide)) if reached is None else reached
    values = picture[0].permute(1, 2, 0).cpu().numpy().copy()
    groups, windows = holes(lost)
    lost &= ~np.isin(groups, np.arange(1, made + 1))
    for index, window in enumerate(windows[made:], made + 1):
        hole = groups[window] == index
        view = View(values[window].copy(), hole, lost[window])
        values[window] = filled(view, sweeps)
        lost[window] &= ~hole
        yield torch.from_numpy(values.copy()).permute(2, 0, 1)[None].to(y)


def holes(lost: Hole) -> tuple[NDArray[np.int32], list[tuple[slice, ...]]]:
    """Which hole each lost pixel belongs to, 1..n, and what of the picture each is filled from.

    Holes that are nearer to one another than they are deep count as one.
    """
    reach = int(np.ceil(distance_transform_edt(lost).max()))
    near = distance_transform_edt(~lost) <= reach
    groups, _ = components(near, np.ones((3, 3)))
    groups = np.where(lost, groups, 0)
    return groups, [grown(box, lost.shape) for box in find_objects(groups)]


def grown(box: tuple[slice, ...], shape: tuple[int, ...]) -> tuple[slice, ...]:
    """Three times as wide and high, as in He and Sun."""
    sides = [max(LEAST_SEEN, s.stop - s.start) for s in box]
    return tuple(
        slice(max(0, s.start - side), min(n, s.stop + side))
        for s, side, n in zip(box, sides, shape, strict=True)
    )


def filled(view: View, sweeps: int) -> Picture:
    """The values with shifted copies in the hole."""
    views = [view]
    while not views[-1].small:
        views.append(views[-1].reduced())
    offsets = dominant(views[-1].values, views[-1].lost, views[-1].depth)
    labels = labelled(views[-1], offsets, sweeps)
    for finer in reversed(views[:-1]):
        h, w = finer.hole.shape
        labels = labels.repeat(2, 0).repeat(2, 1)[:h, :w]
        offsets = np.array([aligned(finer.values, finer.lost, 2 * o) for o in offsets], np.int64)
        offsets = offsets.reshape(-1, 2)
    return blended(view.values, view.hole, view.lost, labels, offsets)


def labelled(view: View, offsets: Ints, sweeps: int) -> Ints:
    """The shift of each lost pixel as its place in `offsets`, from 1 on; 0 for none, (h, w)."""
    area = binary_dilation(view.hole, np.ones((3, 3)))  # with the known pixels around it
    at = np.argwhere(area)
    copies, data = unary_costs(view, at, view.hole[area], offsets)
    place = np.full(view.hole.shape, -1)
    place[area] = np.arange(len(at))
    edges = np.concatenate([
        np.stack([place[:-1].ravel(), place[1:].ravel()], 1),
        np.stack([place[:, :-1].ravel(), place[:, 1:].ravel()], 1),
    ])  # fmt: skip
    edges = edges[(edges >= 0).all(1)]
    p, q = edges[:, 0], edges[:, 1]

    def seam(a: Ints, b: Ints) -> Floats:
        apart = np.abs(copies[a, p] - copies[b, p]) + np.abs(copies[a, q] - copies[b, q])
        return np.asarray(apart.mean(-1), np.float64)

    labelling = AlphaExpansion(data, edges, seam)
    for _ in range(sweeps):
        if not labelling.sweep():
            break
    labels = np.zeros(view.hole.shape, np.int64)
    labels[area] = labelling.labels
    return labels


def unary_costs(view: View, at: Ints, wanted: Hole, offsets: Ints) -> tuple[Picture, Floats]:
    """What each shift copies to pixels `at`, (K, n, C), and what it costs there, (K, n).

    wanted: which of them are to be filled, (n,).
    """
    own = view.values[at[:, 0], at[:, 1]]
    copies = np.repeat(own[None], len(offsets) + 1, 0)
    data = np.full(copies.shape[:2], NEVER)
    data[0] = NO_COPY * wanted
    blur = COARSE * view.depth
    seen = coarse(view.values, ~view.lost, blur)
    guide = coarse(view.values, np.ones_like(view.hole), blur)
    for k, offset in enumerate(offsets, 1):
        there = at + offset
        inside = ((there >= 0) & (there < view.lost.shape)).all(1) & wanted
        i = np.flatnonzero(inside)
        i = i[~view.lost[there[i, 0], there[i, 1]]]
        source = (there[i, 0], there[i, 1])
        unlike = np.abs(seen[source] - guide[at[i, 0], at[i, 1]]).mean(1)
        copies[k, i] = view.values[source]
        data[k, i] = GUIDED * unlike + FAR * np.hypot(*offset) / view.depth
    return copies, data


def coarse(values: Picture, known: Hole, blur: float) -> Picture:
    """Blurred, (h, w, C); only what is known counts."""
    weight = gaussian_filter(known[..., None].astype(np.float32), (blur, blur, 0))
    sums = gaussian_filter(values * known[..., None], (blur, blur, 0))
    return np.asarray(sums / np.maximum(weight, SOME), np.float32)
