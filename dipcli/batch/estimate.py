"""How long a picture takes and how much memory it needs, roughly, before anything is run."""

import math

from dipcli.batch.request import Job, Request
from dipcli.settings import Cost, Settings
from dipcli.stages import TileSettings
from dipcli.system import memory as needs
from dipcli.tiling import layout

BASE = 4.5e8  # bytes of the process itself
WHOLE_COPIES = 3 * 12.0  # bytes per pixel: the picture read, first guess and result, in colour


def seconds(job: Job, request: Request, settings: Settings) -> float:
    """Seconds on two CPU cores, at most the budget of --time."""
    tile, count, _ = _tiles(job, request, settings)
    each, joined = _stages(job, request, settings)
    found = 1.0 + count * each.cost(tile).seconds + joined.seconds
    return min(found, settings.time) if settings.time else found


def memory(job: Job, request: Request, settings: Settings) -> float:
    """Bytes of memory at the most."""
    pixels, _, whole = _tiles(job, request, settings)
    each, joined = _stages(job, request, settings)
    return BASE + whole * WHOLE_COPIES + each.cost(pixels).then(joined).bytes


def tiles(job: Job, request: Request, settings: Settings) -> int:
    """Into how many tiles the picture would be cut, with the memory there is now; 1: none."""
    return _tiles(job, request, settings)[1]


def _stages(job: Job, request: Request, settings: Settings) -> tuple[Settings, Cost]:
    """The settings of each tile, or of the whole, and the cost of what follows on all of them."""
    size, side = _size(job, request), _side(job, request, settings)
    if side is None or not isinstance(settings, TileSettings):
        return settings, Cost()
    return settings.in_tiles(size, side), settings.cost_of_joined(size, side)


def _size(job: Job, request: Request) -> tuple[int, int]:
    """(H, W) of the result."""
    shape = (job.header.height, job.header.width)
    if request.crop:
        shape = (request.crop.height, request.crop.width)
    return request.scale * shape[0], request.scale * shape[1]


def _side(job: Job, request: Request, settings: Settings) -> int | None:
    """The side of the tiles, None for the whole."""
    if not request.task_class.tileable:
        return None
    return layout.side(settings, _size(job, request), needs.available())


def _tiles(job: Job, request: Request, settings: Settings) -> tuple[float, int, float]:
    """Pixels of a tile, number of tiles, pixels of the picture; all of the result."""
    height, width = _size(job, request)
    side = _side(job, request, settings)
    if side is None:
        return height * width, 1, height * width
    scale = request.scale
    rows, columns = layout.layout((height // scale, width // scale), side, scale)
    tile = math.prod(spans[0][1] for spans in (rows, columns)) * scale**2
    return tile, len(rows) * len(columns), height * width
