"""How long a picture takes and how much memory it needs, roughly, before anything is run."""

import math

from dipcli.batch.request import Job, Request
from dipcli.settings import Settings
from dipcli.system import memory as needs
from dipcli.tiling import layout

BASE = 4.5e8  # bytes of the process itself
WHOLE_COPIES = 3 * 12.0  # bytes per pixel: the picture read, first guess and result, in colour


def seconds(job: Job, request: Request, settings: Settings) -> float:
    """Seconds on two CPU cores, at most the budget of --time."""
    tile, count, _ = _tiles(job, request, settings)
    found = 1.0 + count * settings.cost(tile).seconds
    return min(found, settings.time) if settings.time else found


def memory(job: Job, request: Request, settings: Settings) -> float:
    """Bytes of memory at the most."""
    pixels, _, whole = _tiles(job, request, settings)
    return BASE + whole * WHOLE_COPIES + settings.cost(pixels).bytes


def tiles(job: Job, request: Request, settings: Settings) -> int:
    """Into how many tiles the picture would be cut, with the memory there is now; 1: none."""
    return _tiles(job, request, settings)[1]


def _tiles(job: Job, request: Request, settings: Settings) -> tuple[float, int, float]:
    """Pixels of a tile, number of tiles, pixels of the picture; all of the result."""
    shape = (job.header.height, job.header.width)
    if request.crop:
        shape = (request.crop.height, request.crop.width)
    height, width = (request.scale * n for n in shape)
    side = layout.side(settings, (height, width), needs.available())
    if side is None or not request.task_class.tileable:
        return height * width, 1, height * width
    rows, columns = layout.layout(shape, side, request.scale)
    tile = math.prod(spans[0][1] for spans in (rows, columns)) * request.scale**2
    return tile, len(rows) * len(columns), height * width
