"""Minimum cuts and alpha expansion against all labellings of small graphs."""

from itertools import product

import numpy as np
import pytest

from dipcli.filling.graphcut import AlphaExpansion, min_cut


def ring(n: int) -> np.ndarray:
    """Pixels in a ring and a chord, (m, 2)."""
    return np.array([(i, (i + 1) % n) for i in range(n)] + [(0, n // 2)])


@pytest.mark.parametrize("seed", range(8))
def test_a_cut_is_the_least_of_all_choices(seed: int):
    rng = np.random.default_rng(seed)
    n, edges = 7, ring(7)
    cost, apart = rng.normal(size=n), rng.random(len(edges))
    p, q = edges[:, 0], edges[:, 1]

    def energy(x: np.ndarray) -> float:
        return float(cost @ x + apart @ ((1 - x[p]) * x[q]))

    least = min(energy(np.array(x)) for x in product((0, 1), repeat=n))
    assert energy(min_cut(cost, p, q, apart).astype(int)) == pytest.approx(least, abs=0.02)


@pytest.mark.parametrize("seed", range(4))
def test_expansion_ends_near_the_best_labelling(seed: int):
    rng = np.random.default_rng(seed)
    n, count, edges = 7, 3, ring(7)
    data, weight, colour = rng.random((count, n)), rng.random(len(edges)), rng.random(count)

    def seam(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return weight * np.abs(colour[a] - colour[b])

    def energy(labels: np.ndarray) -> float:
        sides = seam(labels[edges[:, 0]], labels[edges[:, 1]])
        return float(data[labels, np.arange(n)].sum() + sides.sum())

    labelling = AlphaExpansion(data, edges, seam)
    energies = [labelling.energy]
    while labelling.sweep():
        energies.append(labelling.energy)
    assert energies == sorted(energies, reverse=True)
    assert energy(labelling.labels) == pytest.approx(labelling.energy)
    least = min(energy(np.array(x)) for x in product(range(count), repeat=n))
    assert labelling.energy <= least * 1.02
