"""Whether a picture once was a JPEG, told from its pixels: the grid and the tables of its file.

On the right grid, and on no other, the coefficients of the blocks are multiples of a step, up to
the rounding of the decoded values (Fan, de Queiroz, IEEE Trans. Image Processing 2003; Neelamani
et al., ibid. 2006). The evidence for a step q is the logarithm of how much likelier the distances
of n coefficients from its multiples are if Gaussian, of the variance found, than if uniform:

    evidence = -n / 2 (log(variance / (q^2 / 12)) + log(2 pi e / 12))
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from dipcli.degradation.jpeg import LEVELS, Layout, components, dct
from dipcli.pictures.coding import BLOCK, CHROMA, LUMA, JpegCoding, Table, scaled, standard

MOST_BLOCKS = 3000  # whose coefficients are looked at
GRID_BLOCKS = 300  # in search of the grid
MOST_SIDE = 768  # pixels of the part of a large picture that is looked at
CANDIDATES = 4  # grids worth a closer look
NONZERO = 2.0  # beyond the rounding of decoded values: more than zero steps
LEAST_COUNT = 6  # coefficients that tell a step
SURE = 15.0  # evidence for one step; 255 steps are tried
LEAST_VALUES = 32  # of luma; fewer are drawn, and multiples of something by chance
LEAST_STEPS = 4  # of luma that must be told
LEAST_EVIDENCE = 100.0  # for the whole table
ON_LATTICE = 0.3  # of the variance of uniform distances: no more is left over all steps told
LEAST_FIT = -1.0  # of chroma: right tables have -0.7 to 2
SPREAD = 0.6  # of decoded coefficients of chroma about their multiples
STEPS = np.arange(2, 256, dtype=np.float32)
LOW = {8 * row + column for row in range(6) for column in range(6 - row)}
FACTORS = ((1, 1), (2, 2), (1, 2), (2, 1))

Values = NDArray[np.float32]


@dataclass(frozen=True)
class Found:
    """Steps told, (64,) int, 0 where none is, and the evidence for each."""

    steps: NDArray[np.int64]
    evidence: Values

    @property
    def total(self) -> float:
        """The evidence for all of them together."""
        return float(self.evidence.sum())


def detect(levels: Values) -> JpegCoding | None:
    """The coding of the JPEG that a picture, (H, W, C) float32 in [0, 1], was decoded from.

    None if it was none, or if its steps are so small that 8 bits do not show them.
    """
    height, width = levels.shape[:2]
    if min(height, width) < 2 * BLOCK:
        return None
    top, left = (max(0, (n - MOST_SIDE) // 2) for n in (height, width))
    part = levels[top : top + MOST_SIDE, left : left + MOST_SIDE]
    if np.abs(LEVELS * part - np.rint(LEVELS * part)).max() > 0.01:
        return None  # its pixels are not of 8 bits
    gray = part.shape[2] == 1 or bool((part == part[..., :1]).all())
    inside = np.asarray(((part > 0) & (part < 1)).all(2))
    picture = torch.from_numpy(np.ascontiguousarray(part[..., :1] if gray else part))
    planes = components(picture.permute(2, 0, 1)[None], standard(50, gray=gray)).numpy()
    if len(np.unique(np.rint(8 * planes[0]))) < LEAST_VALUES:
        return None
    offset, luma = located(planes[0], inside)
    if luma is None:
        return None
    table, quality = completed(luma, LUMA)
    tables: tuple[Table, ...] = (table,)
    factors = (1, 1)
    if part.shape[2] == 3:
        chroma = scaled(CHROMA, quality)
        if not gray:
            chroma, factors, offset = coloured(planes, inside, offset, quality)
        tables = (table, chroma, chroma)
    return JpegCoding(tables, factors, (offset[0] - top, offset[1] - left))


def located(plane: Values, inside: NDArray[np.bool_]) -> tuple[tuple[int, int], Found | None]:
    """The offset of the grid of luma, and its steps; None where they are not certain."""
    best, found = (0, 0), None
    for offset in likely(plane, inside):
        steps = told(spectra(plane, inside, offset, MOST_BLOCKS))
        if found is None or steps.total > found.total:
            best, found = offset, steps
    if found is None or found.total < LEAST_EVIDENCE or (found.steps > 0).sum() < LEAST_STEPS:
        return best, None
    return best, found if confirmed(spectra(plane, inside, best, MOST_BLOCKS), found) else None


def likely(plane: Values, inside: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The offsets of the most likely grids: those with most coefficients at zero steps, and
    those whose lowest frequencies are nearest to multiples.
    """
    offsets = [(row, column) for row in range(BLOCK) for column in range(BLOCK)]
    zeros, lattice = [], []
    for offset in offsets:
        blocks = spectra(plane, inside, offset, GRID_BLOCKS)
        zeros.append(float((np.abs(blocks[:, 1:]) < 0.5 * NONZERO).mean()) if len(blocks) else 0)
        lattice.append(sum(told_step(blocks[:, f])[1] for f in (1, 8, 9)))
    chosen = {*np.argsort(zeros)[-CANDIDATES:], *np.argsort(lattice)[-CANDIDATES:]}
    return [offsets[i] for i in sorted(chosen)]


def spectra(plane: Values, inside: NDArray[np.bool_], offset: tuple[int, int], most: int) -> Values:
    """The coefficients of at most `most` blocks, (N, 64), spread over the plane, (h, w).

    Blocks with values that are black or white, not `inside`, are left out.
    """
    first = [-at % BLOCK for at in offset]
    rows, columns = ((n - at) // BLOCK for n, at in zip(plane.shape, first, strict=True))
    if rows < 1 or columns < 1:
        return np.zeros((0, BLOCK * BLOCK), np.float32)

    def blocks(values: NDArray[np.generic]) -> NDArray[np.generic]:
        cut = values[first[0] :, first[1] :][: rows * BLOCK, : columns * BLOCK]
        return cut.reshape(rows, BLOCK, columns, BLOCK).transpose(0, 2, 1, 3)

    usable = np.flatnonzero(blocks(inside).all((2, 3)).reshape(-1))
    chosen = usable[:: max(1, len(usable) // most)][:most]
    taken = blocks(plane)[chosen // columns, chosen % columns].reshape(-1, BLOCK * BLOCK)
    found: Values = taken.astype(np.float32) @ dct(torch.device("cpu")).numpy().T
    return found


def told(blocks: Values) -> Found:
    """The steps that blocks, (N, 64), tell; where low frequencies tell none, the others do not."""
    found = [told_step(blocks[:, f]) if f in LOW else (0, 0.0) for f in range(BLOCK * BLOCK)]
    if any(step for step, _ in found):
        found = [told_step(values) for values in blocks.T]
    return Found(np.array([q for q, _ in found]), np.array([e for _, e in found], np.float32))


def told_step(values: Values) -> tuple[int, float]:
    """The step whose multiples a frequency's values, (N,), are, and its evidence; (0, 0): none.

    Equal values count once: what is drawn has few, which are multiples of something by chance.
    """
    sizes = np.abs(values)
    levels = np.sort(np.rint(16 * sizes[sizes > NONZERO]))
    if len(levels) < LEAST_COUNT:
        return 0, 0.0
    away = levels[np.diff(levels, prepend=-1) > 0] / 16
    if len(away) < LEAST_COUNT:
        return 0, 0.0
    away = away[:: max(1, len(away) // 500)]  # in order
    median = 0.5 * float(away[(len(away) - 1) // 2] + away[len(away) // 2])
    steps = STEPS[: math.ceil(median) - 1, None]  # up to the median
    apart = away - np.maximum(1, np.rint(away / steps)) * steps
    share = np.square(apart).mean(1) / (steps[:, 0] ** 2 / 12)
    best = int(share.argmin())
    entropy = math.log(max(float(share[best]), 1e-4)) + math.log(2 * math.pi * math.e / 12)
    evidence = -0.5 * len(away) * entropy
    return (int(STEPS[best]), evidence) if evidence > SURE else (0, 0.0)


def confirmed(blocks: Values, found: Found) -> bool:
    """Whether the coefficients beyond zero of all steps told are near to their multiples."""
    steps = found.steps[found.steps > 2].astype(np.float32)
    values = blocks[:, found.steps > 2]
    away = np.abs(values) > NONZERO
    apart = np.square(values - np.rint(values / steps) * steps) / (steps**2 / 12)
    return bool(away.any()) and float(apart[away].mean()) < ON_LATTICE


def completed(found: Found, base: Table) -> tuple[Table, int]:
    """The table of which some steps were told, and the quality of the standard table nearest.

    The standard one itself where it has those steps; else it fills in those that are not told.
    """
    known = np.flatnonzero(found.steps)
    told_steps = found.steps[known]

    def distance(quality: int) -> float:
        steps = np.array(scaled(base, quality))[known]
        return float(np.abs(np.log(steps / told_steps)).mean())

    quality = min(range(1, 101), key=distance)
    table = np.array(scaled(base, quality))
    if (table[known] == told_steps).mean() < 0.8:
        table[known] = told_steps
    return tuple(int(step) for step in table), quality


def coloured(
    planes: Values, inside: NDArray[np.bool_], offset: tuple[int, int], quality: int
) -> tuple[Table, tuple[int, int], tuple[int, int]]:
    """The table of chroma, its factors and the offset of the cell.

    The standard table of that quality, where it does not contradict what is told. 4:2:0 where
    there is too little colour to tell.
    """
    usual = scaled(CHROMA, quality)
    table, best, where, most = usual, (2, 2), offset, LEAST_FIT
    for factors, at, blocks in reduced(planes, inside, offset):
        steps = told(blocks)
        other = completed(steps, CHROMA)[0] if steps.total > LEAST_EVIDENCE else usual
        for candidate in {usual, other}:
            found = fitting(blocks, candidate)
            if found > most:
                table, best, where, most = candidate, factors, at, found
    return table, best, where


def fitting(blocks: Values, table: Table) -> float:
    """How much likelier than uniform the coefficients beyond zero are around the table's steps,
    a mean of logarithms: -2 on a wrong grid; LEAST_FIT where there are too few of them.
    """
    steps = np.array(table, np.float32)
    away = (np.abs(blocks) > NONZERO) & (steps > 2)
    if away.sum() < 4 * LEAST_COUNT:
        return LEAST_FIT
    apart = np.square(blocks - np.rint(blocks / steps) * steps)[away]
    width = np.broadcast_to(steps, blocks.shape)[away]
    near = np.exp(-apart / (2 * SPREAD**2)) / (SPREAD * math.sqrt(2 * math.pi))
    return float(np.log(0.9 * near * width + 0.1).mean())


def reduced(
    planes: Values, inside: NDArray[np.bool_], offset: tuple[int, int]
) -> Iterator[tuple[tuple[int, int], tuple[int, int], Values]]:
    """Each way in which chroma may have been reduced: factors, offset, and coefficients."""
    size = (planes.shape[1], planes.shape[2])
    for factors in FACTORS:
        tables = (LUMA, CHROMA, CHROMA)
        layout = Layout.of(JpegCoding(tables, factors, offset), 1, size)
        samples = [layout.restored(torch.from_numpy(plane)).numpy() for plane in planes[1:]]
        usable = layout.reduced(torch.from_numpy(inside.astype(np.float32))).numpy() == 1
        for row in range(factors[0]):
            for column in range(factors[1]):
                at = (offset[0] + BLOCK * row, offset[1] + BLOCK * column)
                blank = Layout.of(JpegCoding(tables, factors, at), 1, size).blank
                found = [spectra(plane, usable, blank, MOST_BLOCKS // 2) for plane in samples]
                yield factors, at, np.concatenate(found)
