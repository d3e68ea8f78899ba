"""Copies joined without a change of brightness: their gradients are integrated.

Perez, Gangnet, Blake: Poisson image editing (SIGGRAPH 2003). Between two pixels of different
shifts the gradient is the mean of what both shifts say. A weak pull back to the copies keeps a
step between them from spreading further than STEP_SPREAD.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import cg

from dipcli.filling.graphcut import Ints

STEP_SPREAD = 6.0  # pixels over which a step between two copies is spread; 16 smears edges
ACCURACY = 1e-3  # of the residual; 1e-5 cannot be seen

Picture = NDArray[np.float32]
Hole = NDArray[np.bool_]


def blended(values: Picture, hole: Hole, lost: Hole, labels: Ints, offsets: Ints) -> Picture:
    """The values with copies in the hole, (h, w, C) in [0, 1].

    lost: (h, w), what is not known, the hole and more; labels: (h, w), the shift of each pixel as
    its place in offsets, (n, 2), from 1 on; 0, or a shift out of what is known: its own value.
    """
    source = Source(values, lost, labels, offsets)
    at = np.argwhere(hole)
    place = np.full(hole.shape, -1)
    place[hole] = np.arange(len(at))
    degree, right = np.zeros(len(at)), np.zeros((len(at), values.shape[2]))
    rows, columns = [], []
    for step in ((0, 1), (1, 0), (0, -1), (-1, 0)):
        beside = at + step
        i = np.flatnonzero(((beside >= 0) & (beside < hole.shape)).all(1))
        p, q = at[i], beside[i]
        right[i] += source.gradient(p, q)
        degree[i] += 1
        j = place[q[:, 0], q[:, 1]]
        right[i[j < 0]] += values[q[j < 0, 0], q[j < 0, 1]]
        rows.append(i[j >= 0])
        columns.append(j[j >= 0])
    row, column = np.concatenate(rows), np.concatenate(columns)
    every = np.arange(len(at))
    first = source.copied(at, labels[hole])[0]
    pull = STEP_SPREAD**-2
    matrix = coo_matrix(
        (
            np.concatenate([degree + pull, -np.ones(len(row))]),
            (np.concatenate([every, row]), np.concatenate([every, column])),
        )
    ).tocsr()
    right += pull * first
    result = values.copy()
    for c in range(values.shape[2]):
        x, _ = cg(matrix, right[:, c], first[:, c], rtol=ACCURACY)
        result[hole, c] = x.clip(0, 1)
    return result


class Source:
    """What the shifts copy, and from where."""

    def __init__(self, values: Picture, lost: Hole, labels: Ints, offsets: Ints) -> None:
        """As for `blended`."""
        self.values, self.lost, self.labels = values, lost, labels
        self.offsets = np.concatenate([np.zeros((1, 2), np.int64), offsets])

    def copied(self, at: Ints, label: Ints) -> tuple[Picture, NDArray[np.bool_]]:
        """What pixels `at`, (n, 2), get by shift `label`, (n, C), and whether it can give it."""
        there = at + self.offsets[label]
        good = ((there >= 0) & (there < self.lost.shape)).all(1)
        there = np.where(good[:, None], there, at)
        good &= (label == 0) | ~self.lost[there[:, 0], there[:, 1]]
        there = np.where(good[:, None], there, at)
        return self.values[there[:, 0], there[:, 1]], good

    def gradient(self, p: Ints, q: Ints) -> NDArray[np.float64]:
        """The value at p, in the hole, less that at q, (n, C): the mean of what both shifts say.

        What they are themselves, where neither can say it.
        """
        mine = self.labels[p[:, 0], p[:, 1]]
        other = np.where(self.lost[q[:, 0], q[:, 1]], self.labels[q[:, 0], q[:, 1]], mine)
        total, count = np.zeros((len(p), self.values.shape[2])), np.zeros((len(p), 1))
        for label in (mine, other):
            here, can = self.copied(p, label)
            there, too = self.copied(q, label)
            both = (can & too)[:, None]
            total += (here - there) * both
            count += both
        own = self.values[p[:, 0], p[:, 1]] - self.values[q[:, 0], q[:, 1]]
        return np.where(count > 0, total / np.maximum(count, 1), own)
