"""How a picture was coded as a JPEG: its tables, its subsampling, and where its grid lies.

ITU-T T.81: each component, chroma perhaps reduced by means, is cut into blocks of 8x8, and each
coefficient of the blocks' orthonormal DCT is rounded to a multiple of its step in a table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

BLOCK = 8  # pixels
_FACTORS = (1, 2, 4)

Table = tuple[int, ...]  # 64 steps, row by row: the first row is of vertical frequency 0

# T.81, tables K.1 and K.2: what the Independent JPEG Group scales for its qualities
LUMA: Table = (
    *(16, 11, 10, 16, 24, 40, 51, 61),
    *(12, 12, 14, 19, 26, 58, 60, 55),
    *(14, 13, 16, 24, 40, 57, 69, 56),
    *(14, 17, 22, 29, 51, 87, 80, 62),
    *(18, 22, 37, 56, 68, 109, 103, 77),
    *(24, 35, 55, 64, 81, 104, 113, 92),
    *(49, 64, 78, 87, 103, 121, 120, 101),
    *(72, 92, 95, 98, 112, 100, 103, 99),
)
CHROMA: Table = (
    *(17, 18, 24, 47, 99, 99, 99, 99),
    *(18, 21, 26, 66, 99, 99, 99, 99),
    *(24, 26, 56, 99, 99, 99, 99, 99),
    *(47, 66, 99, 99, 99, 99, 99, 99),
    *([99] * 32),
)


def scaled(table: Table, quality: int) -> Table:
    """A standard table at an IJG quality of 1..100."""
    percent = 5000 // quality if quality < 50 else 200 - 2 * quality
    return tuple(min(255, max(1, (step * percent + 50) // 100)) for step in table)


@dataclass(frozen=True)
class JpegCoding:
    """The tables of one (gray) or three components (Y, Cb, Cr), 64 steps each, row by row.

    factors: (v, h), pixels that one chroma sample stands for, down and across: (1, 1) is 4:4:4,
    (2, 2) 4:2:0. offset: (row, column) of the picture's first pixel in its cell of 8v x 8h
    pixels; (0, 0) for a file as it is. Raises ValueError for what no such file has.
    """

    tables: tuple[Table, ...]
    factors: tuple[int, int] = (1, 1)
    offset: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        """Check the shapes, and bring the offset into the cell."""
        if len(self.tables) not in (1, 3):
            raise ValueError(f"a picture has 1 or 3 tables, not {len(self.tables)}")
        if any(len(table) != BLOCK * BLOCK or min(table) < 1 for table in self.tables):
            raise ValueError("a table has 64 steps of at least 1")
        if not set(self.factors) <= set(_FACTORS) or (self.gray and self.factors != (1, 1)):
            raise ValueError(f"chroma cannot be reduced by {self.factors}")
        row, column = (at % n for at, n in zip(self.offset, self.cell, strict=True))
        object.__setattr__(self, "offset", (row, column))

    @property
    def gray(self) -> bool:
        """Whether there is luma alone."""
        return len(self.tables) == 1

    @property
    def cell(self) -> tuple[int, int]:
        """(height, width) in pixels after which the grids of all components repeat."""
        return BLOCK * self.factors[0], BLOCK * self.factors[1]

    @property
    def step(self) -> float:
        """The mean step of luma, on the 0..255 scale: how coarse the coding is."""
        return sum(self.tables[0]) / len(self.tables[0])

    @property
    def quality(self) -> int:
        """The IJG quality, 1..100, whose luma table is nearest in its mean step."""
        return min(
            range(1, 101),
            key=lambda quality: abs(sum(scaled(LUMA, quality)) - sum(self.tables[0])),
        )

    def at(self, top: int, left: int) -> Self:
        """The coding of a crop that begins there."""
        return replace(self, offset=(self.offset[0] + top, self.offset[1] + left))

    def turned(self, orientation: int, size: tuple[int, int]) -> Self:
        """The coding of the picture, (height, width) as stored, shown in EXIF orientation 1..8."""
        (row, column), (height, width) = self.offset, size
        v, h, tables = *self.factors, self.tables
        if orientation > 4:
            row, column, height, width, v, h = column, row, width, height, h, v
            tables = tuple(transposed(table) for table in tables)
        if orientation in (3, 4, 7, 8):
            row = -(row + height)
        if orientation in (2, 3, 6, 7):
            column = -(column + width)
        return replace(self, tables=tables, factors=(v, h), offset=(row, column))


def standard(
    quality: int,
    *,
    gray: bool = False,
    factors: tuple[int, int] = (2, 2),
    offset: tuple[int, int] = (0, 0),
) -> JpegCoding:
    """The coding of the Independent JPEG Group's software at a quality of 1..100."""
    luma, chroma = scaled(LUMA, quality), scaled(CHROMA, quality)
    if gray:
        return JpegCoding((luma,), (1, 1), offset)
    return JpegCoding((luma, chroma, chroma), factors, offset)


def of_file(
    tables: Mapping[int, Sequence[int]], layers: Sequence[tuple[int, int, int, int]]
) -> JpegCoding | None:
    """The coding that a file declares: its tables, row by row, and for each component its
    (name, horizontal factor, vertical factor, number of its table).

    None where it is not one of luma and two like chroma components, e.g. coded as RGB.
    """
    used = tuple(tuple(tables.get(number, ())) for *_, number in layers)
    if len(layers) == 1:
        factors = (1, 1)
    elif len(layers) == 3 and [name for name, *_ in layers] != [*b"RGB"]:
        (_, across, down, _), *chroma = layers
        _, h, v, _ = chroma[0]
        if {(c[1], c[2]) for c in chroma} != {(h, v)} or across % h or down % v:
            return None
        factors = (down // v, across // h)
    else:
        return None
    try:
        return JpegCoding(used, factors)
    except ValueError:  # a table that is missing, a factor of 3
        return None


def transposed(table: Table) -> Table:
    """The table of the picture with its rows and columns exchanged."""
    return tuple(table[BLOCK * j + i] for i in range(BLOCK) for j in range(BLOCK))
