"""The iterations as an animation."""

from __future__ import annotations

import importlib.util
import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dipcli.errors import UsageError
from dipcli.stream.resume import AttributeState

if TYPE_CHECKING:
    from dipcli.stream.step import Step

LONGEST_SIDE = 512  # pixels: larger frames are reduced
MOST_FRAMES = 96  # frames kept; at 512x512 in colour that is 75 MB
GROWTH = 1.08  # the next frame is this much later: early steps change most
FRAME_TIME = 80  # milliseconds
LAST_FRAME_TIME = 1500  # milliseconds that the last frame stands

_PILLOW = {".gif": "GIF", ".webp": "WEBP", ".apng": "PNG"}


def check_animation_suffix(path: Path) -> None:
    """Raise UsageError if no animation of this suffix can be written here."""
    suffix = path.suffix.lower()
    if suffix == ".mp4":
        if importlib.util.find_spec("imageio_ffmpeg") is None:
            raise UsageError(f"--gif {path}: .mp4 needs the extra: pip install 'dipcli[video]'")
    elif suffix not in _PILLOW:
        raise UsageError(f"--gif {path}: choose .gif, .webp, .apng or .mp4")


class Frames(AttributeState):
    """Keeps some of the estimates as small uint8 pictures; the memory is bounded."""

    def __init__(self, every: int | None = None) -> None:
        """every: steps between frames; None spaces them geometrically."""
        self._every = every
        self._next = 0
        self.frames: list[NDArray[np.uint8]] = []

    def __call__(self, step: Step) -> None:
        """Keep the step if it is its turn; the last step is always kept."""
        if step.index >= self._next:
            self.frames.append(_small(step))
            self._advance(step.index)
        elif step.index + 1 >= step.total:
            self.frames.append(_small(step))

    def _advance(self, index: int) -> None:
        """Decide the next frame; when full, drop every second one and go twice as far."""
        if self._every is None:
            self._next = max(index + 1, int((index + 1) * GROWTH))
        else:
            self._next = index + self._every
        if len(self.frames) >= MOST_FRAMES:
            self.frames = self.frames[::2]
            self._every = 2 * self._every if self._every else None

    def encode(self, suffix: str) -> bytes:
        """The animation as a file of this suffix; empty if there was no step."""
        if not self.frames:
            return b""
        if suffix.lower() == ".mp4":
            return _mp4(self.frames)
        return _pillow(self.frames, _PILLOW[suffix.lower()])


def _small(step: Step) -> NDArray[np.uint8]:
    """The estimate as (H, W, 3) uint8, at most LONGEST_SIDE pixels a side; syncs the device."""
    from torch.nn.functional import interpolate

    image = step.estimate.detach().float()
    largest = max(image.shape[-2:])
    if largest > LONGEST_SIDE:
        size = [max(1, round(side * LONGEST_SIDE / largest)) for side in image.shape[-2:]]
        image = interpolate(image, size=size, mode="area")
    levels = (image[0].clamp(0, 1) * 255).round().byte().cpu().numpy()
    levels = levels if levels.shape[0] == 3 else levels[:1].repeat(3, axis=0)
    return np.ascontiguousarray(levels.transpose(1, 2, 0))


def _pillow(frames: list[NDArray[np.uint8]], format: str) -> bytes:
    from PIL import Image

    images = [Image.fromarray(frame) for frame in _same_size(frames)]
    buffer = io.BytesIO()
    images[0].save(
        buffer,
        format,
        save_all=True,
        append_images=images[1:],
        duration=[FRAME_TIME] * (len(images) - 1) + [LAST_FRAME_TIME],
        loop=0,
        quality=80,
    )
    return buffer.getvalue()


def _mp4(frames: list[NDArray[np.uint8]]) -> bytes:
    import imageio.v3 as iio

    still = [frames[-1]] * (LAST_FRAME_TIME // FRAME_TIME)
    data: bytes = iio.imwrite(
        "<bytes>", [*_same_size(frames), *still], extension=".mp4", fps=1000 / FRAME_TIME
    )
    return data


def _same_size(frames: list[NDArray[np.uint8]]) -> list[NDArray[np.uint8]]:
    """The frames of the size of the last one: coarse first steps are left out."""
    return [frame for frame in frames if frame.shape == frames[-1].shape]
