"""Learning from many pictures as a function: no files, no prints, no global state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from dipcli import __version__
from dipcli.api import runtime_for
from dipcli.errors import UsageError
from dipcli.learning.lesson import learnt, lesson
from dipcli.learning.model import Model
from dipcli.learning.scenes import Scene
from dipcli.learning.settings import LearnOptions, LearnSettings
from dipcli.system import devices
from dipcli.tasks.arrays import Pixels


def learn(
    pictures: Sequence[NDArray[Any]],
    targets: Sequence[NDArray[Any]] | None = None,
    *,
    sigma: float | None = None,
    noise: str | None = None,
    supervised: bool = False,
    validation: Sequence[Any] = (),
    device: str = "auto",
    seed: int = 0,
    **settings: Any,
) -> Model:
    """A model for `dipcli.denoise(image, model=model)`, learnt from pictures as `denoise` takes.

    targets: other noisy pictures of the same scenes (Noise2Noise); sigma, noise: what clean
    pictures get, such as 25 or "poisson:30", supervised: whether these are the targets; with
    none of them neighbouring pixels are the pairs (Neighbor2Neighbor). validation: to measure
    by, clean pictures where the noise is made here, else pairs (noisy, truth); or a part is held
    out. All have 1 or 3 channels. `model.encode()` gives the
    bytes of its file, `Model.decode` takes them. Raises UsageError.
    """
    options = LearnOptions(sigma=sigma, noise=noise, supervised=supervised)
    scenes = _scenes(pictures, targets)
    truths = None if options.added else [truth for _, truth in validation]
    measured = _scenes(validation if truths is None else [one for one, _ in validation], truths)
    chosen = LearnSettings().override(**settings)
    runtime = runtime_for(device, seed)
    training = lesson(scenes, measured, options, chosen, runtime)
    for _ in training.steps():
        pass
    return learnt(training, options, version=__version__)


def _scenes(
    seen: Sequence[NDArray[Any]], targets: Sequence[NDArray[Any]] | None = None
) -> list[Scene]:
    """Scenes to learn from; UsageError for pairs that do not fit together."""
    cpu = devices.choose("cpu")
    planes = [[Pixels.of(one).tensor(cpu)[0] for one in some] for some in (seen, targets or ())]
    if targets is not None and len(targets) != len(seen):
        raise UsageError(f"{len(seen)} pictures have {len(targets)} targets; give one for each")
    pairs = zip(*planes, strict=True) if targets else zip(planes[0], strict=True)
    return [Scene(*pair) for pair in pairs]
