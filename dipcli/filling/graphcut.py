"""The best labels of neighbouring pixels, by minimum cuts: alpha expansion.

Boykov, Veksler, Zabih: Fast approximate energy minimization via graph cuts (PAMI 2001). In turn
each label may spread over any pixels at once, as a minimum cut tells best (Kolmogorov, Zabih,
PAMI 2004, for the graph). Exact for each turn where the cost of two labels side by side is a
metric of them; a turn that would not lower the energy is left out.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import breadth_first_order, maximum_flow

UNIT = 1000.0  # of a capacity: cuts are of whole numbers
LARGEST_CAPACITY = 10_000_000  # of a capacity: sums stay within 32 bits

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Cost = Callable[[Ints, Ints], Floats]


class AlphaExpansion:
    """Labels of pixels 0..n-1, all 0 at first.

    data: (K, n), what each label costs at each pixel; edges: (m, 2), pixels side by side;
    side_by_side: what labels (m,), (m,) cost along the edges, zero where both are the same.
    """

    def __init__(self, data: Floats, edges: Ints, side_by_side: Cost) -> None:
        self.data, self.side_by_side = data, side_by_side
        self.first, self.second = edges[:, 0], edges[:, 1]
        self.labels = np.zeros(data.shape[1], np.int64)
        self.energy = self._energy(self.labels)

    def sweep(self) -> bool:
        """Let every label spread once; whether anything became better."""
        before = self.energy
        for label in range(len(self.data)):
            self._expand(label)
        return self.energy < before

    def _energy(self, labels: Ints) -> float:
        sides = self.side_by_side(labels[self.first], labels[self.second])
        return float(self.data[labels, np.arange(len(labels))].sum() + sides.sum())

    def _expand(self, label: int) -> None:
        p, q = self.first, self.second
        new = np.full(len(p), label)
        stay = self.side_by_side(self.labels[p], self.labels[q])
        second = self.side_by_side(self.labels[p], new)
        first = self.side_by_side(new, self.labels[q])
        cost = self.data[label] - self.data[self.labels, np.arange(len(self.labels))]
        np.add.at(cost, p, first - stay)
        np.add.at(cost, q, -first)
        changed = min_cut(cost, p, q, second + first - stay)
        labels = np.where(changed, label, self.labels)
        energy = self._energy(labels)
        if energy < self.energy:
            self.labels, self.energy = labels, energy


def min_cut(cost: Floats, p: Ints, q: Ints, apart: Floats) -> NDArray[np.bool_]:
    """The x in {0, 1}^n least in sum cost[i] x[i] + sum apart (1 - x[p]) x[q]; apart >= 0."""
    n = len(cost)
    source, sink, every = n, n + 1, np.arange(n)
    whole = np.rint(cost * UNIT).clip(-LARGEST_CAPACITY, LARGEST_CAPACITY)
    between = np.rint(apart * UNIT).clip(0, LARGEST_CAPACITY)
    tail = np.concatenate([np.full(n, source), every, p])
    head = np.concatenate([every, np.full(n, sink), q])
    capacity = np.concatenate([whole.clip(0), (-whole).clip(0), between]).astype(np.int32)
    graph = csr_matrix((capacity, (tail, head)), shape=(n + 2, n + 2))
    left = graph - maximum_flow(graph, source, sink).flow
    left.data = np.maximum(left.data, 0)
    left.eliminate_zeros()
    reached = breadth_first_order(left, source, return_predecessors=False)
    taken = np.ones(n + 2, bool)
    taken[reached] = False
    return taken[:n]
