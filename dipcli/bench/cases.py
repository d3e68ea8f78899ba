"""What is measured: one case is one picture of one suite at one level of degradation.

A case holds names only, so that listing a suite reads no pixel; `problem` reads and degrades.

    suite     level      observed by the method                        scored on
    denoise   sigma      clean + Gaussian noise, clipped, 8-bit        RGB
    poisson   peak       Poisson(clean * peak) / peak, clipped, 8-bit  RGB
    photo     -          a camera's picture as it came                 RGB, against the mean of many
    inpaint   -          50 % of the pixels, drawn once for all        gray
    superres  scale      MATLAB's bicubic reduction                    luma, border removed
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dipcli.errors import UsageError

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Case:
    """One picture of a suite; `task` is the function of the API that restores it."""

    suite: str
    level: int  # sigma, peak or scale; 0 where a suite has none
    picture: str
    task: str
    truth: Path
    observed: Path | None = None  # None: made from the truth
    mask: Path | None = None  # white = known

    @property
    def title(self) -> str:
        """The suite with its level, as in `denoise-25`."""
        return f"{self.suite}-{self.level}" if self.level else self.suite


@dataclass(frozen=True)
class Problem:
    """What the method sees, (H, W) or (H, W, 3) uint8, and the truth that it does not see."""

    observed: Pixels
    truth: Pixels
    hole: NDArray[np.bool_] | None = None  # (H, W), True where a pixel is lost


def _denoise(data: Path, level: int) -> list[Case]:
    paths = _pictures(data / "cbm3d9")
    return [Case("denoise", level, _short(path), "denoise", path) for path in paths]


def _poisson(data: Path, level: int) -> list[Case]:
    paths = _pictures(data / "cbm3d9")
    return [Case("poisson", level, _short(path), "denoise", path) for path in paths]


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


# name -> (how its cases are listed, the level when none is asked for)
SUITES: dict[str, tuple[Callable[[Path, int], list[Case]], int]] = {
    "denoise": (_denoise, 25),
    "superres": (_superres, 4),
    "inpaint": (_inpaint, 0),
    "photo": (_photo, 0),
    "poisson": (_poisson, 30),
}


def cases(data: Path, suite: str, level: int | None = None) -> list[Case]:
    """List a suite's cases in the data folder, sorted by picture.

    Raises UsageError, naming the folder or file, where the pictures are not there.
    """
    listing, usual = SUITES[suite]
    found = listing(data, usual if level is None else level)
    for case in found:
        for path in (case.observed, case.mask):
            if path is not None and not path.is_file():
                raise UsageError(f"{path} is missing; the {suite} suite needs it")
    return sorted(found, key=lambda case: case.picture.lower())


def problem(case: Case) -> Problem:
    """Read a case and degrade it; the same bytes each time."""
    truth = _read(case.truth)
    hole = None
    if case.observed is not None:
        observed = _read(case.observed)
    elif case.mask is not None:
        hole = _read(case.mask) < 128
        observed = np.where(hole, 0, truth).astype(np.uint8)
    elif case.suite == "poisson":
        observed = poisson(truth, case.level)
    else:
        observed = gaussian(truth, case.level)
    return Problem(observed, truth, hole)


def gaussian(clean: Pixels, sigma: float) -> Pixels:
    """Gaussian noise of `sigma` (of 255), clipped and rounded to 8 bits; seed 0."""
    noise = np.random.default_rng(0).normal(0, sigma / 255, clean.shape)
    return _to_8bit(clean / 255 + noise)


def poisson(clean: Pixels, peak: float) -> Pixels:
    """Photon noise with `peak` photons at white, clipped and rounded to 8 bits; seed 0."""
    return _to_8bit(np.random.default_rng(0).poisson(clean / 255 * peak) / peak)


def _to_8bit(x: NDArray[np.float64]) -> Pixels:
    return np.round(255 * np.clip(x, 0, 1)).astype(np.uint8)


def _read(path: Path) -> Pixels:
    from PIL import Image

    with Image.open(path) as picture:
        return np.asarray(picture.convert("L" if picture.mode in ("1", "L") else "RGB"))


def _pictures(folder: Path, pattern: str = "*.png") -> list[Path]:
    found = sorted(folder.glob(pattern))
    if not found:
        raise UsageError(f"no {pattern} in {folder}; give the folder of the standard pictures")
    return found


def _short(path: Path) -> str:
    return path.stem.removeprefix("image_").removesuffix("rgb")
