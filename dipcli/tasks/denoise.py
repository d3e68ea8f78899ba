"""Denoising: the picture itself was observed, plus noise; stop before the noise is learnt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.restoration import estimate_sigma

from dipcli.errors import UsageError
from dipcli.prior.ensemble import ensemble
from dipcli.prior.fit import Problem
from dipcli.prior.step import Runtime, Step
from dipcli.settings import Settings
from dipcli.tasks.base import Task, annotated, deadline_of

NOISES = ("auto", "gaussian", "poisson", "photo", "jpeg")
SIGMA_LIMIT = 255.0  # on the 0..255 scale


class Denoise(Task):
    """Remove noise, or JPEG artefacts."""

    name = "denoise"

    def __init__(self, image: NDArray[Any], sigma: float | None, noise: str) -> None:
        """sigma on the 0..255 scale, None to estimate it; noise: one of NOISES."""
        super().__init__(image)
        if noise not in NOISES:
            raise UsageError(f"noise is {noise!r}; choose from {', '.join(NOISES)}")
        if sigma is not None and not 0 <= sigma <= SIGMA_LIMIT:
            raise UsageError(f"sigma is {sigma:g}; it must be 0 to {SIGMA_LIMIT:g}")
        self.noise = noise
        self.sigma = estimated(self.observation) if sigma is None else float(sigma)
        self.sigma_given = sigma is not None

    @property
    def kind(self) -> str:
        """JPEG artefacts have settings of their own."""
        return "jpeg" if self.noise == "jpeg" else ""

    def steps(self, settings: Settings, runtime: Runtime) -> Iterator[Step]:
        """The ensemble, stage "fit"; other stages (filter, fusion) join here."""
        deadline = deadline_of(settings)
        y = self.pixels.tensor(runtime.device)
        problem = Problem(y, (y.shape[2], y.shape[3]), picture=y)
        facts = {"sigma": self.sigma, "sigma_given": self.sigma_given, "noise": self.noise}
        yield from annotated(ensemble(problem, settings, runtime, deadline), **facts)


def estimated(observation: NDArray[np.float32]) -> float | None:
    """The standard deviation of the noise, 0..255; None where a picture is too small to say."""
    if min(observation.shape[:2]) < 8:
        return None
    return 255.0 * float(estimate_sigma(observation, channel_axis=-1, average_sigmas=True))


def denoise(image: NDArray[Any], *, sigma: float | None = None, noise: str = "auto") -> Denoise:
    """The task of removing noise from `image`, (H, W) or (H, W, C).

    sigma: standard deviation of the noise on the 0..255 scale, None to estimate it.
    Raises UsageError for a value out of range.
    """
    return Denoise(image, sigma, noise)
