"""How long a picture takes and how much memory it needs, roughly, before anything is run."""

import math
from itertools import pairwise

from dipcli import presets
from dipcli.batch.request import Job, Request
from dipcli.settings import CHAINED, Settings
from dipcli.system import memory as needs
from dipcli.tiling import layout

# Measured on two cores with bfloat16, per megapixel: a step of the slim net takes 0.37 s and
# 1.45e-5 s for each multiplication per pixel (0.4 s for 8-16-32-64-128, 0.7 s for
# 32-64-128-128-128); a pass of the filter at stride 4 takes 6 s, one beside others 13 s.
SECONDS_PER_STEP = 0.37
SECONDS_PER_MAC = 1.45e-5
SECONDS_PER_PASS = 96.0  # over the square of the stride
SECONDS_BESIDE = 13.0
# The same for plain layers: a step whatever the size, and what is applied to the picture.
SECONDS_PER_LESSON, SECONDS_PER_LESSON_MAC = 0.004, 6.2e-8
SECONDS_APPLIED, SECONDS_APPLIED_MAC = 2.4, 1.9e-5
BASE = 4.5e8  # bytes of the process itself
WHOLE_COPIES = 3 * 12.0  # bytes per pixel: the picture read, first guess and result, in colour


def seconds(job: Job, request: Request, settings: Settings) -> float:
    """Seconds on two CPU cores, at most the budget of --time."""
    beside = max(0, settings.passes - CHAINED) if request.task == "denoise" else 0
    fixed, growing = once(settings, beside)
    growing *= 2 if settings.bootstrap else 1
    if settings.repeats:
        growing /= 1 if settings.net == "plain" else 4  # an hourglass then fits half of the side
        more, larger = once(presets.lesson(settings), 0)
        fixed, growing = fixed + settings.repeats * more, growing + settings.repeats * larger
    tiles, count, _ = _tiles(job, request, settings)
    found = 1.0 + count * (fixed + tiles / 1e6 * growing)
    return min(found, settings.time) if settings.time else found


def once(settings: Settings, beside: int) -> tuple[float, float]:
    """Seconds of the runs and the filter: those whatever the size, and those per megapixel.

    beside: how many passes of the filter stand beside others.
    """
    lessons, fitting = fits(settings)
    filtering = (settings.passes - beside) * SECONDS_PER_PASS / settings.stride**2
    return lessons, fitting + filtering + beside * SECONDS_BESIDE


def fits(settings: Settings) -> tuple[float, float]:
    """Seconds of all runs: those whatever the size, and those per megapixel of the result."""
    if settings.net == "plain":
        macs: float = sum(9 * a * b for a, b in pairwise((3, *settings.channels, 3)))
        lesson = SECONDS_PER_LESSON + macs * SECONDS_PER_LESSON_MAC
        applied = SECONDS_APPLIED + macs * SECONDS_APPLIED_MAC
        return settings.runs * settings.iters * lesson, settings.runs * applied
    macs = sum(27 * c * c / 4.0 ** (level + 1) for level, c in enumerate(settings.channels))
    return 0.0, settings.runs * settings.iters * (SECONDS_PER_STEP + macs * SECONDS_PER_MAC)


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
    side = layout.side(settings, (height, width), needs.available())
    if side is None or request.task == "fit":
        return height * width, 1, height * width
    rows, columns = layout.layout(shape, side, request.scale)
    tile = math.prod(spans[0][1] for spans in (rows, columns)) * request.scale**2
    return tile, len(rows) * len(columns), height * width
