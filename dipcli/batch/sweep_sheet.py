"""The contact sheet of a sweep: every result small, with its values and what was measured."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dipcli.batch.preparing import cropped
from dipcli.batch.sweep_table import Row
from dipcli.errors import DipError

if TYPE_CHECKING:
    from PIL import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

_TILE = 224  # pixels, the longest side of a picture on the sheet
_GAP = 12
_LINE = 17  # pixels, of a line of text of 13
_PICTURES = 24  # blocks at most: a sheet is to be looked at
_ACROSS = 6  # tiles in a row where one field alone is varied


@dataclass(frozen=True)
class Tile:
    """A picture, or None where there is none, and the lines under it."""

    image: Image.Image | None
    lines: Sequence[str]


def sheet(rows: Sequence[Row], across: int | None = None) -> bytes:
    """The sheet as a PNG. across: cells in a row, such as the number of values of one field.

    A block for each picture: what was given, what is true if that is known, then its cells in
    their order. Of many pictures the first are shown.
    """
    from PIL import Image, ImageDraw

    pictures = list(dict.fromkeys(row.entry.picture for row in rows))[:_PICTURES]
    blocks = [_tiles([row for row in rows if row.entry.picture == one]) for one in pictures]
    columns = across or min(_ACROSS, max(len(cells) for _, cells in blocks))
    columns = max(columns, 2)
    heights = [
        _height(given, columns) + _height(cells, columns) + 2 * _LINE for given, cells in blocks
    ]
    width = columns * (_TILE + _GAP) + _GAP
    whole = Image.new("RGB", (width, sum(heights) + _GAP), "white")
    pen = ImageDraw.Draw(whole)
    top = _GAP
    for name, (given, cells), height in zip(pictures, blocks, heights, strict=True):
        pen.text((_GAP, top), name, fill="black", font=_font(14))
        below = _place(whole, pen, given, top + int(1.5 * _LINE), columns)
        _place(whole, pen, cells, below, columns)
        top += height
    buffer = io.BytesIO()
    whole.save(buffer, "PNG")
    return buffer.getvalue()


def _tiles(rows: Sequence[Row]) -> tuple[list[Tile], list[Tile]]:
    """What was given and what is true; then the cells."""
    job = next((row.entry.job for row in rows if row.entry.job is not None), None)
    given = []
    if job is not None:
        crop = rows[0].entry.cell.request.crop
        given.append(Tile(_opened(job.source, crop), ["as given"]))
        if job.reference is not None:
            given.append(Tile(_opened(job.reference, None), ["reference"]))
    return given, [_cell(row) for row in rows]


def _cell(row: Row) -> Tile:
    lines = [f"{name} {value}" for name, value in row.entry.cell.values.items()]
    image = _opened(Path(row.output), None) if row.made and row.output else None
    return Tile(image, [*lines, _measured(row)])


def _measured(row: Row) -> str:
    """PSNR where it is known, else the loss; the seconds; or why there is nothing."""
    if not row.made:
        return row.status
    psnr, loss, seconds = (row.figure(name) for name in ("psnr", "final_loss", "seconds"))
    told = [f"{psnr:.2f} dB"] if psnr is not None else []
    if not told and loss is not None:
        told = [f"loss {loss:.3g}"]
    told += [f"{seconds:.1f} s"] if seconds is not None else []
    told += ["partial"] if row.status == "partial" else []
    return "  ".join(told)


def _opened(source: Path | bytes, crop: object) -> Image.Image | None:
    """A picture at the size of a tile, as RGB; None where it cannot be read any more."""
    import numpy as np
    from PIL import Image

    from dipcli.batch.crop import Crop
    from dipcli.pictures import read

    try:
        picture = read(source, max_pixels=None)
    except (DipError, OSError):
        return None
    pixels = cropped(picture, crop if isinstance(crop, Crop) else None).pixels
    levels = np.round(np.clip(pixels, 0, 1) * 255).astype(np.uint8)
    levels = np.repeat(levels, 3, axis=2) if levels.shape[2] == 1 else levels[..., :3]
    image = Image.fromarray(np.ascontiguousarray(levels))
    longest = max(image.size)
    if longest <= _TILE // 2:  # enlarged whole times, so that pixels stay what they are
        times = _TILE // longest
        return image.resize((image.width * times, image.height * times), Image.Resampling.NEAREST)
    image.thumbnail((_TILE, _TILE), Image.Resampling.LANCZOS)
    return image


def _height(tiles: Sequence[Tile], columns: int) -> int:
    return -(-len(tiles) // columns) * _row_height(tiles)


def _row_height(tiles: Sequence[Tile]) -> int:
    """Of the tallest picture and the most lines."""
    images = [tile.image.height for tile in tiles if tile.image is not None]
    return max(images, default=_LINE) + max((len(t.lines) for t in tiles), default=0) * _LINE + _GAP


def _place(
    whole: Image.Image, pen: ImageDraw, tiles: Sequence[Tile], top: int, columns: int
) -> int:
    """Draw the tiles in rows from `top` on; returns where they end."""
    height = _row_height(tiles)
    for number, tile in enumerate(tiles):
        x = _GAP + number % columns * (_TILE + _GAP)
        y = top + number // columns * height
        tall = height - _GAP - _LINE * max(len(one.lines) for one in tiles)
        if tile.image is not None:
            whole.paste(tile.image, (x, y))
        for line, text in enumerate(tile.lines):
            pen.text((x, y + tall + 2 + line * _LINE), text, fill="black", font=_font(13))
    return top + _height(tiles, columns)


def _font(size: int) -> ImageFont | FreeTypeFont:
    from PIL.ImageFont import load_default

    return load_default(size)
