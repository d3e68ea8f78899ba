"""What the scripts of this folder share: their options, pictures, steps, and a line of the table.

    python SCRIPT.py --data FOLDER      the published pictures, at published size and length
    python SCRIPT.py --size 256         reduced so that the longer side has 256 pixels
    SMOKE=1 python SCRIPT.py            a few steps on a tiny picture, to see that it works

FOLDER holds the `data` folder of the published repository (denoising/F16_GT.png,
inpainting/library.png, ...), and any other picture by its path. Without it, and in a smoke test,
a picture that scikit-image ships stands in: what is measured then is no published figure.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SMOKE = os.environ.get("SMOKE", "") not in ("", "0")
SMOKE_SIZE, SMOKE_STEPS = 64, 3
Levels = NDArray[np.uint8]


def arguments(doc: str, **more: Any) -> argparse.Namespace:
    """The options of a script, whose docstring is their help; more: flags with their defaults.

    data, size, crop, iters, runs, seed, device, out (a folder for pictures and plots, or None).
    """
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=doc, formatter_class=form)
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="the published pictures")
    parser.add_argument("--size", type=int, metavar="N", help="reduce the longer side to this")
    parser.add_argument("--crop", type=int, metavar="N", help="the middle N x N pixels only")
    parser.add_argument("--iters", type=int, metavar="N", help="steps, in place of the published")
    parser.add_argument("--runs", type=int, metavar="N", help="seeds, in place of the published")
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="keep pictures and plots there")
    for name, default in more.items():
        flag = f"--{name.replace('_', '-')}"
        parser.add_argument(flag, type=type(default), default=default, help="%(default)s")
    given = parser.parse_args()
    if given.out:
        given.out.mkdir(parents=True, exist_ok=True)
    return given


def steps(given: argparse.Namespace, published: int) -> int:
    """How many to make: as published, unless told otherwise, or in a smoke test."""
    return SMOKE_STEPS if SMOKE else given.iters or published


def runs(given: argparse.Namespace, published: int) -> int:
    """How many seeds: as published, unless told otherwise; at most two in a smoke test."""
    number: int = given.runs or published
    return min(number, 2) if SMOKE else number


def picture(given: argparse.Namespace, name: str, stand_in: str = "astronaut") -> Levels:
    """(H, W) or (H, W, 3) uint8: FOLDER/name, or the scikit-image picture `stand_in`."""
    if given.data and not SMOKE:
        with Image.open(given.data / name) as file:
            gray = file.mode in ("L", "1", "I;16", "LA")
            image = file.convert("L" if gray else "RGB")
    else:
        from skimage import data

        levels = getattr(data, stand_in)()
        image = Image.fromarray(levels[..., :3] if levels.ndim == 3 else levels)
    return np.asarray(_sized(given, image, Image.Resampling.LANCZOS))


def hole(given: argparse.Namespace, name: str, like: Levels) -> NDArray[np.bool_]:
    """(H, W), True where to fill: FOLDER/name, black there as published; else a square and lines.

    It is reduced as the picture `like` was.
    """
    if given.data and not SMOKE:
        with Image.open(given.data / name) as file:
            image = file.convert("L").point(lambda level: 255 if level < 128 else 0)
        return np.asarray(_sized(given, image, Image.Resampling.BOX)) > 0
    height, width = like.shape[:2]
    y, x = np.mgrid[:height, :width]
    square = (abs(y - height / 2) < height / 8) & (abs(x - width / 2) < width / 8)
    return np.asarray(square | (y % (height // 4) < height // 32))


def _sized(given: argparse.Namespace, image: Image.Image, by: Image.Resampling) -> Image.Image:
    """Reduced to --size, then cut to --crop; a stand-in of a smoke test to a few pixels."""
    size = SMOKE_SIZE if SMOKE else given.size
    if size and size < max(image.size):
        share = size / max(image.size)
        image = image.resize((round(share * image.width), round(share * image.height)), by)
    if given.crop and not SMOKE:
        left, top = (max(0, (side - given.crop) // 2) for side in image.size)
        image = image.crop((left, top, left + given.crop, top + given.crop))
    return image


def multiple_of(levels: Levels, unit: int = 32) -> Levels:
    """The middle part whose sides are multiples of `unit`, as the published code cuts pictures."""
    top, left = ((side % unit) // 2 for side in levels.shape[:2])
    height, width = (side - side % unit for side in levels.shape[:2])
    return levels[top : top + height, left : left + width]


def noisy(levels: Levels, sigma: float = 25, seed: int = 0) -> NDArray[np.float32]:
    """White Gaussian noise of `sigma` (0..255) added, clipped to [0, 1], as published."""
    noise = np.random.default_rng(seed).normal(0, sigma / 255, levels.shape)
    return np.clip(levels / 255 + noise, 0, 1).astype(np.float32)


def fractions(image: NDArray[Any]) -> NDArray[np.float64]:
    """Values in [0, 1], of integers or floats."""
    top = np.iinfo(image.dtype).max if np.issubdtype(image.dtype, np.integer) else 1
    return np.asarray(image / top, np.float64)


def psnr(found: NDArray[Any], truth: NDArray[Any], border: int = 0) -> float:
    """dB over all values, `border` pixels at each edge left out."""
    inner = slice(border, -border or None)
    difference = (fractions(found) - fractions(truth))[inner, inner]
    return float(-10 * np.log10(np.mean(difference**2)))


def luma(image: NDArray[Any]) -> NDArray[np.float64]:
    """Y of ITU-R BT.601 in [16, 235] / 255, as MATLAB's rgb2ycbcr and the paper measure it."""
    values = fractions(image)
    if values.ndim == 2:
        return values
    return np.asarray((16 + values @ np.array([65.481, 128.553, 24.966])) / 255)


@dataclass
class Clock:
    """How long something took."""

    seconds: float = 0.0


@contextmanager
def timed() -> Iterator[Clock]:
    """with timed() as clock: ...; clock.seconds holds how long it took."""
    clock, began = Clock(), time.perf_counter()
    yield clock
    clock.seconds = time.perf_counter() - began


def header(title: str) -> None:
    """The heading of a table, as Markdown."""
    print(f"\n**{title}**\n\n| experiment | published | ours | time | remarks |")
    print("|---|--:|--:|--:|---|", flush=True)


def line(experiment: str, published: str, ours: str, seconds: float, remarks: str = "") -> None:
    """A line of the table: published, ours, time, remarks."""
    smoke = "smoke test; no figure" if SMOKE else ""
    cells = (
        experiment,
        published,
        ours,
        f"{seconds:.0f} s",
        " ".join(filter(None, (remarks, smoke))),
    )
    print(f"| {' | '.join(cells)} |", flush=True)


def keep(given: argparse.Namespace, name: str, image: NDArray[Any]) -> None:
    """A picture in the folder of --out, if there is one."""
    if given.out:
        levels = np.round(255 * np.clip(fractions(image), 0, 1)).astype(np.uint8)
        Image.fromarray(levels).save(given.out / name)


def pictures(given: argparse.Namespace, stand_ins: tuple[str, ...]) -> dict[str, Levels]:
    """Every picture of FOLDER itself by its stem; without it, those that scikit-image ships."""
    if given.data and not SMOKE:
        names = sorted(path.name for path in given.data.glob("*.png"))
        return {Path(name).stem: picture(given, name) for name in names}
    return {name: picture(given, name, name) for name in stand_ins[: 1 if SMOKE else None]}


def lost(levels: Levels, share: float, seed: int = 0) -> NDArray[np.bool_]:
    """(H, W) bool, True where a pixel is lost, the same in all channels; `share` of them."""
    return np.random.default_rng(seed).random(levels.shape[:2]) < share


def emptied(levels: Levels, hole: NDArray[np.bool_]) -> Levels:
    """The picture with black holes, so that nothing can look into them."""
    return np.where(hole if levels.ndim == 2 else hole[..., None], 0, levels).astype(np.uint8)


def reduced(levels: Levels, scale: int) -> Levels:
    """`scale` times smaller by Pillow's Lanczos, as the published code makes its small pictures."""
    height, width = levels.shape[0] // scale, levels.shape[1] // scale
    small = Image.fromarray(levels).resize((width, height), Image.Resampling.LANCZOS)
    return np.asarray(small)


def swept(
    given: argparse.Namespace,
    task: str,
    levels: Levels,
    vary: str,
    *options: object,
    **beside: NDArray[Any],
) -> list[dict[str, Any]]:
    """The rows of `dip sweep TASK PICTURE --vary VARY`, preset "paper"; "result" is the picture.

    beside: what goes with it by the name of its option, such as reference or mask, as arrays.
    """
    from dipcli.cli.app import run

    if SMOKE:
        vary = ",".join(vary.split(",")[:2])
    with TemporaryDirectory() as scratch:
        folder = given.out or Path(scratch)
        files = {"picture": levels, **beside}
        for name, values in files.items():
            image = values * np.uint8(255) if values.dtype == bool else values
            Image.fromarray(image).save(folder / f"{name}.png")
        words = ["sweep", task, folder / "picture.png", "-o", folder / "grid", "--vary", vary]
        words += ["--preset", "paper", "--device", given.device, "--quiet"]
        words += ["--overwrite"] if given.out else []
        words += [] if vary.startswith("seed") else ["--seed", given.seed]
        for name in beside:
            words += [f"--{name}", folder / f"{name}.png"]
        if run([str(word) for word in (*words, *options)]):
            raise SystemExit(1)
        rows: list[dict[str, Any]] = json.loads((folder / "grid" / "table.json").read_text())[
            "rows"
        ]
        for row in rows:
            with Image.open(row["output"]) as file:
                row["result"] = np.asarray(file)
    return rows


def told(rows: list[dict[str, Any]], figures: dict[str, str]) -> None:
    """A line for each row of a sweep; figures: what to write for it, by its value."""
    for row in rows:
        ((field, value),) = row["vary"].items()
        line(f"{field} {value}", "", figures[value], row["seconds"], f"step {row['stopped_at']}")
