"""The pictures of a page, as a browser can show them: small enough, 8 bits, with their alpha."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image

    from dipcli.pictures import Picture

LARGEST = 4_000_000  # pixels shown; a larger picture is reduced
EXACT = 1_000_000  # pixels; up to here as PNG, beyond as WebP, a tenth of the bytes
THUMB = 200  # pixels, the longer side in a gallery
AMPLIFIED = 40.0  # levels of 255 that the residual's deviation is shown as
MOST_AMPLIFIED = 32.0
STEPS = 8  # of a run that are shown
GAP = 4  # pixels between them
VISIBLE = 0.5 / 255  # a smaller deviation is rounding

Levels = NDArray[np.uint8]
Values = NDArray[np.float32]


@dataclass(frozen=True)
class Layer:
    """One picture of a page. name: a word for files; label: what it is; data: of its file."""

    name: str
    label: str
    suffix: str
    data: bytes

    @property
    def uri(self) -> str:
        """The file within the address."""
        return data_uri(self.data, self.suffix)


def data_uri(data: bytes, suffix: str) -> str:
    """A file of the suffix ".png" or ".webp" as an address that holds it."""
    return f"data:image/{suffix[1:]};base64,{base64.b64encode(data).decode()}"


def layers_of(
    before: Picture,
    after: Picture,
    mask: NDArray[np.bool_] | None = None,
    spread: Values | None = None,
    reference: Values | None = None,
    named: tuple[str, str] = ("as it came", "restored"),
) -> Iterator[Layer]:
    """Everything that there is to see of a picture, the input and the result first.

    mask: (H, W), True where a hole was filled; spread: (H, W) in [0, 1]; reference: (H, W, C);
    named: the words for the input and the result.
    """
    yield layer("before", named[0], levels(before.pixels, before.alpha))
    yield layer("after", named[1], levels(after.pixels, after.alpha))
    if before.pixels.shape == after.pixels.shape:
        times, shown = residual(before.pixels, after.pixels)
        if times:
            yield layer("removed", f"what was taken away, {times:g} times", levels(shown))
        else:
            yield layer("removed", "what was taken away: nothing", levels(shown))
    if spread is not None:
        top = float(spread.max())
        yield layer(
            "spread",
            f"uncertainty, white is {255 * top:.1f} levels",
            levels(spread[..., None] / top if top > 0 else spread[..., None]),
        )
    if mask is not None:
        yield layer("mask", "the mask, red", levels(masked(before.pixels, mask)))
    if reference is not None:
        yield layer("reference", "the reference", levels(reference))


def residual(before: Values, after: Values) -> tuple[float, Values]:
    """How many times before - after is amplified, and it on gray; 0 times where there is none."""
    difference = before - after
    deviation = float(np.sqrt(np.square(difference).mean()))
    if deviation < VISIBLE:
        return 0.0, np.full_like(before, 0.5)
    times = float(np.clip(round(AMPLIFIED / 255 / deviation), 1, MOST_AMPLIFIED))
    return times, np.clip(0.5 + times * difference, 0, 1)


def masked(pixels: Values, mask: NDArray[np.bool_]) -> Values:
    """The picture, (H, W, C), in colour with its hole in red."""
    colour = np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels.copy()
    colour[mask] = 0.3 * colour[mask] + np.array([0.7, 0, 0], np.float32)
    return colour


def layer(name: str, label: str, levels: Levels) -> Layer:
    """A picture, (H, W, C) of 8 bits, as a file that is not too large."""
    height, width = levels.shape[:2]
    image = _image(levels)
    if height * width > LARGEST:
        share = (LARGEST / (height * width)) ** 0.5
        image = image.resize(
            (max(1, int(width * share)), max(1, int(height * share))), reducing_gap=2.0
        )
    exact = image.width * image.height <= EXACT
    suffix, kind = (".png", {}) if exact else (".webp", {"quality": 88, "method": 2})
    return Layer(name, label, suffix, _encoded(image, suffix, **kind))


def thumbnail(picture: Picture) -> str:
    """A small version, as an address that holds it."""
    image = _image(levels(picture.pixels, picture.alpha))
    image.thumbnail((THUMB, THUMB))
    return data_uri(_encoded(image, ".webp", quality=75, method=2), ".webp")


def _encoded(image: Image, suffix: str, **how: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, suffix[1:].upper(), **how)
    return buffer.getvalue()


def _image(levels: Levels) -> Image:
    from PIL import Image

    return Image.fromarray(levels[..., 0] if levels.shape[2] == 1 else levels)


def levels(pixels: Values, alpha: Values | None = None) -> Levels:
    """(H, W, C) in [0, 1], and an alpha, (H, W), as levels with the alpha last."""
    values = pixels
    if alpha is not None:
        colour = np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels
        values = np.concatenate([colour, alpha[..., None]], axis=2)
    return np.rint(255 * np.clip(values, 0, 1)).astype(np.uint8)


def strip(frames: list[Levels]) -> bytes:
    """Up to eight frames, (H, W, 3), first to last, side by side as WebP; b"" of none."""
    from PIL import Image

    if not frames:
        return b""
    chosen = [
        frames[i] for i in sorted(set(np.linspace(0, len(frames) - 1, 8).round().astype(int)))
    ]
    small = []
    for frame in chosen:
        image = Image.fromarray(frame)
        image.thumbnail((THUMB, THUMB))
        small.append(image)
    gap = 4
    whole = Image.new(
        "RGBA", (sum(i.width + gap for i in small) - gap, max(i.height for i in small))
    )
    left = 0
    for image in small:
        whole.paste(image, (left, 0))
        left += image.width + GAP
    return _encoded(whole, ".webp", quality=80, method=2)
