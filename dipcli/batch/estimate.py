"""How long a picture takes and how much memory it needs, roughly, before anything is run."""

from dipcli.batch.request import Job, Request
from dipcli.settings import Settings

# Measured on two cores with bfloat16: a step of the slim net (16-32-64-128-128) takes 1 s per
# megapixel. A run holds 0.6 GB per megapixel, of the published net 4.3 GB, over 0.45 GB at the
# start. Time grows with the multiplications, memory with the channels at each level.
SECONDS_PER_MAC = 1.4e-4  # per megapixel and step
BYTES_PER_CHANNEL = 25.0  # per pixel
BASE = 4.5e8  # bytes of the process itself


def seconds(job: Job, request: Request, settings: Settings) -> float:
    """Seconds on two CPU cores, at most the budget of --time."""
    macs = sum(27 * c * c / 4.0 ** (level + 1) for level, c in enumerate(settings.channels))
    steps = settings.iters * settings.runs
    found = 1.0 + steps * _megapixels(job, request) * macs * SECONDS_PER_MAC
    return min(found, settings.time) if settings.time else found


def memory(job: Job, request: Request, settings: Settings) -> float:
    """Bytes of memory at the most."""
    held = sum(c / 4.0**level for level, c in enumerate(settings.channels))
    return BASE + _megapixels(job, request) * 1e6 * held * BYTES_PER_CHANNEL


def _megapixels(job: Job, request: Request) -> float:
    """Of the result, in millions of pixels."""
    width, height = job.header.width, job.header.height
    if request.crop:
        width, height = request.crop.width, request.crop.height
    return width * height * request.scale**2 / 1e6
