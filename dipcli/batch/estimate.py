"""How long a picture takes and how much memory it needs, roughly, before anything is run."""

import math

from dipcli import memory as needs
from dipcli import tiling
from dipcli.batch.request import Job, Request
from dipcli.settings import Settings

# Measured on two cores with bfloat16: a step of the slim net (16-32-64-128-128) takes 1 s per
# megapixel, and grows with its multiplications; a pass of the filter at stride 4 takes 9 s.
SECONDS_PER_MAC = 1.4e-4  # per megapixel and step
SECONDS_PER_PASS = 144.0  # per megapixel, over the square of the stride
BASE = 4.5e8  # bytes of the process itself
WHOLE_COPIES = 3 * 12.0  # bytes per pixel: the picture read, first guess and result, in colour


def seconds(job: Job, request: Request, settings: Settings) -> float:
    """Seconds on two CPU cores, at most the budget of --time."""
    macs = sum(27 * c * c / 4.0 ** (level + 1) for level, c in enumerate(settings.channels))
    fitting = settings.iters * settings.runs * macs * SECONDS_PER_MAC
    filtering = settings.passes * SECONDS_PER_PASS / settings.stride**2
    tiles, count, _ = _tiles(job, request, settings)
    found = 1.0 + tiles * count / 1e6 * (fitting + filtering)
    return min(found, settings.time) if settings.time else found


def memory(job: Job, request: Request, settings: Settings) -> float:
    """Bytes of memory at the most."""
    pixels, _, whole = _tiles(job, request, settings)
    return BASE + whole * WHOLE_COPIES + needs.need(settings, pixels)


def tiles(job: Job, request: Request, settings: Settings) -> int:
    """Into how many tiles the picture would be cut, with the memory there is now; 1: none."""
    return _tiles(job, request, settings)[1]


def _tiles(job: Job, request: Request, settings: Settings) -> tuple[float, int, float]:
    """Pixels of a tile, number of tiles, pixels of the picture; all of the result."""
    shape = (job.header.height, job.header.width)
    if request.crop:
        shape = (request.crop.height, request.crop.width)
    height, width = (request.scale * n for n in shape)
    side = tiling.side(settings, (height, width), needs.available())
    if side is None or request.task == "fit":
        return height * width, 1, height * width
    rows, columns = tiling.layout(shape, side, request.scale)
    tile = math.prod(spans[0][1] for spans in (rows, columns)) * request.scale**2
    return tile, len(rows) * len(columns), height * width
