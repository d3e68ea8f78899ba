"""PSNR and SSIM as the papers of each suite compute them, and the yardsticks to compare with."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from skimage.restoration import inpaint_biharmonic

from dipcli.bench.cases import Case, Pixels, Problem

IDENTICAL = 99.0  # dB; a picture of 1000 megapixels with one level wrong has 138


def score(case: Case, restored: Pixels, truth: Pixels) -> tuple[float, float]:
    """PSNR in dB and SSIM of an 8-bit result against the truth, by the suite's protocol."""
    a, b = prepare(case, restored), prepare(case, truth)
    return psnr(a, b), _ssim(a, b)


def prepare(case: Case, picture: Pixels) -> NDArray[np.float64]:
    """What is compared, on the scale 0..255: luma without the border for superres, else all."""
    if case.suite != "superres":
        return picture.astype(np.float64)
    border = case.level
    return luma(picture)[border:-border, border:-border].astype(np.float64)


def luma(picture: Pixels) -> NDArray[np.floating]:
    """(H, W) luma in [16, 235] by ITU-R BT.601, not rounded; gray counts as R = G = B."""
    if picture.ndim == 2:
        return 16 + picture * (219 / 255)
    weights = np.array([65.481, 128.553, 24.966]) / 255
    return np.asarray(16 + picture @ weights)


def psnr(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """PSNR in dB for a peak of 255; IDENTICAL for equal pictures, so that means stay finite."""
    if np.array_equal(a, b):
        return IDENTICAL
    return float(peak_signal_noise_ratio(b, a, data_range=255))


def _ssim(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    # The windows of Wang et al. 2004: Gaussian, sigma 1.5, 11x11.
    return float(
        structural_similarity(
            b,
            a,
            data_range=255,
            channel_axis=-1 if a.ndim == 3 else None,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
    )


def yardstick(case: Case, problem: Problem) -> tuple[str, Pixels]:
    """What a user has without a network: the input, bicubic enlargement, or a biharmonic fill."""
    if case.task == "superres":
        height, width = problem.truth.shape[:2]
        picture = Image.fromarray(problem.levels(problem.observed))
        return "bicubic", np.asarray(picture.resize((width, height), Image.Resampling.BICUBIC))
    if problem.hole is not None:
        filled = inpaint_biharmonic(problem.observed / 255, problem.hole)
        return "biharmonic", np.round(255 * np.clip(filled, 0, 1)).astype(np.uint8)
    return "input", problem.levels(problem.observed)
