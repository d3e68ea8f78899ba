"""What is measured: one case is one picture of one suite at one level of degradation.

A case holds names only, so that listing a suite reads no pixel; `problem` reads and degrades.

    suite           level      observed by the method                      scored on
    denoise         sigma      clean + Gaussian noise, clipped, 8-bit      RGB
    unclipped       sigma      clean + Gaussian noise, floats              RGB
    poisson         peak       Poisson(clean * peak) / peak, as above      RGB
    photo           -          a camera's picture as it came               RGB, the mean of many
    camera          strength   a simulated photograph and JPEG             RGB, one without noise
    jpeg            quality    saved by Pillow, chroma halved              RGB
    jpeg-gray       quality    saved by Pillow                             gray
    impulse         share, %   pixels black or white                       RGB
    impulse-random  share, %   pixels of any colour                        RGB
    clean           -          clean pictures, and reduced by two          against the input
    scaling         -          0.25 to 48 Mpx with noise of sigma 25       RGB
    inpaint         -          50 % of the pixels, drawn once for all      gray
    superres        scale      MATLAB's bicubic reduction                  luma, no border
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dipcli.bench import camera, degraded, reduced, scaling
from dipcli.errors import UsageError

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Case:
    """One picture of a suite; `task` is the function of the API that restores it."""

    suite: str
    level: int  # sigma, peak, scale, ...; 0 where a suite has none
    picture: str
    task: str
    truth: Path
    observed: Path | None = None  # None: made from the truth
    mask: Path | None = None  # white = known
    reduced: int = 1  # times smaller than its file is the picture

    @property
    def title(self) -> str:
        """The suite with its level, as in `denoise-25`."""
        return f"{self.suite}-{self.level}" if self.level else self.suite


Listing = Callable[[Path, int], list[Case]]  # of the data folder and a level


@dataclass(frozen=True)
class Problem:
    """What the method sees, (H, W) or (H, W, 3), and the truth that it does not see.

    observed: uint8, or float32 in [0, 1] where a `span` tells which values of the picture, whose
    white is 1, its 0 and 1 stand for.
    """

    observed: Pixels | NDArray[np.float32]
    truth: Pixels
    hole: NDArray[np.bool_] | None = None  # (H, W), True where a pixel is lost
    coding: bytes | None = None  # the file that the observed pixels come from, if it tells more
    span: tuple[float, float] | None = None

    def levels(self, picture: NDArray[Any]) -> Pixels:
        """A picture as the method sees or gives it, as 8 bits."""
        if self.span is None:
            return picture
        low, high = self.span
        return degraded.to_8bit(low + picture.astype(np.float64) * (high - low))


def _in_colour(suite: str) -> Listing:
    """The nine colour pictures, whatever is done to them."""

    def listing(data: Path, level: int) -> list[Case]:
        paths = _pictures(data / "cbm3d9")
        return [Case(suite, level, _short(path), "denoise", path) for path in paths]

    return listing


def _in_gray(suite: str) -> Listing:
    """The eleven gray pictures, whatever is done to them."""

    def listing(data: Path, level: int) -> list[Case]:
        paths = _pictures(data / "set11_dip")
        return [Case(suite, level, path.stem, "denoise", path) for path in paths]

    return listing


def _clean(data: Path, level: int) -> list[Case]:
    named = {_short(path): path for path in _pictures(data / "cbm3d9")}
    named |= {path.stem.removesuffix("_HR_x2"): path for path in _pictures(data / "set5/x2/HR")}
    named |= {f"gray-{path.stem}": path for path in _pictures(data / "set11_dip")}
    return [
        Case("clean", level, f"{name}{suffix}", "denoise", path, reduced=reduced)
        for name, path in named.items()
        for reduced, suffix in ((1, ""), (2, "-half"))
    ]


def _scaling(data: Path, level: int) -> list[Case]:
    first = _pictures(data / "cbm3d9")[0]
    return [Case("scaling", level, name, "denoise", first) for name in scaling.SIZES]


def _photo(data: Path, level: int) -> list[Case]:
    return [
        Case(
            "photo",
            level,
            path.stem.removesuffix("_mean"),
            "denoise",
            path,
            observed=path.with_name(path.name.replace("_mean", "_real")),
        )
        for path in _pictures(data / "real_noise" / "cc15", "*_mean.png")
    ]


def _inpaint(data: Path, level: int) -> list[Case]:
    masks = data / "masks" / "bernoulli50_set11_seed100"
    return [
        Case("inpaint", level, path.stem, "inpaint", path, mask=masks / f"{path.stem}_mask.png")
        for path in _pictures(data / "set11_dip")
    ]


def _superres(data: Path, level: int) -> list[Case]:
    folder = data / "set5" / f"x{level}"
    if level == 3:
        return _superres_made(data, level)
    return [
        Case(
            "superres",
            level,
            path.stem.removesuffix(f"_HR_x{level}"),
            "superres",
            path,
            observed=folder / "LR_bicubic" / path.name.replace("_HR_", "_LRBI_"),
        )
        for path in _pictures(folder / "HR")
    ]


def _superres_made(data: Path, level: int) -> list[Case]:
    """Of a scale that no pairs are there for: the large pictures, which are reduced here."""
    return [
        Case("superres", level, path.stem.removesuffix("_HR_x2"), "superres", path)
        for path in _pictures(data / "set5" / "x2" / "HR")
    ]


# name -> (how its cases are listed, the levels when none is asked for)
SUITES: dict[str, tuple[Listing, tuple[int, ...]]] = {
    "denoise": (_in_colour("denoise"), (25,)),
    "unclipped": (_in_colour("unclipped"), (25,)),
    "superres": (_superres, (4,)),
    "inpaint": (_inpaint, (0,)),
    "photo": (_photo, (0,)),
    "poisson": (_in_colour("poisson"), (30,)),
    "camera": (_in_colour("camera"), (5, 12, 25)),  # day, indoor, night
    "jpeg": (_in_colour("jpeg"), (10, 20, 40, 75)),
    "jpeg-gray": (_in_gray("jpeg-gray"), (10, 20, 40, 75)),
    "impulse": (_in_colour("impulse"), (10, 30)),
    "impulse-random": (_in_colour("impulse-random"), (10, 30)),
    "clean": (_clean, (0,)),
    "scaling": (_scaling, (0,)),
}


def cases(data: Path, suite: str, level: int | None = None) -> list[Case]:
    """List a suite's cases in the data folder, by level and sorted by picture.

    Raises UsageError, naming the folder or file, where the pictures are not there.
    """
    listing, usual = SUITES[suite]
    found = [
        case
        for one in (usual if level is None else (level,))
        for case in sorted(listing(data, one), key=lambda case: case.picture.lower())
    ]
    for case in found:
        for path in (case.observed, case.mask):
            if path is not None and not path.is_file():
                raise UsageError(f"{path} is missing; the {suite} suite needs it")
    return found


def problem(case: Case) -> Problem:
    """Read a case and degrade it; the same bytes each time."""
    if case.suite == "scaling":
        put_together = scaling.mosaic(_pictures(case.truth.parent), scaling.SIZES[case.picture])
        return Problem(scaling.noisy(put_together), put_together)
    truth = _read(case.truth, case.reduced)
    if case.observed is not None:
        return Problem(_read(case.observed), truth)
    if case.mask is not None:
        hole = _read(case.mask) < 128
        return Problem(np.where(hole, 0, truth).astype(np.uint8), truth, hole)
    if case.suite == "superres":
        truth = reduced.cut(truth, case.level)
        return Problem(reduced.imresize(truth, case.level), truth)
    if case.suite == "unclipped":
        seen, span = degraded.unclipped(truth, case.level)
        return Problem(seen, truth, span=span)
    if case.suite in ("jpeg", "jpeg-gray"):
        file = degraded.saved(truth, case.level)
        return Problem(_read(io.BytesIO(file)), truth, coding=file)
    if case.suite == "camera":
        return Problem(
            camera.photograph(truth, case.level), camera.photograph(truth, 0.0, quality=None)
        )
    return Problem(degraded.DEGRADED[case.suite](truth, case.level), truth)


def _read(source: Path | io.BytesIO, reduced: int = 1) -> Pixels:
    with Image.open(source) as picture:
        levels = picture.convert("L" if picture.mode in ("1", "L") else "RGB")
        return np.asarray(levels if reduced == 1 else levels.reduce(reduced))


def _pictures(folder: Path, pattern: str = "*.png") -> list[Path]:
    found = sorted(folder.glob(pattern))
    if not found:
        raise UsageError(f"no {pattern} in {folder}; give the folder of the standard pictures")
    return found


def _short(path: Path) -> str:
    return path.stem.removeprefix("image_").removesuffix("rgb")
