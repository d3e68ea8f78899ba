"""The public API: picture + task + settings -> `Result`. No files, no prints, no global state."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from numbers import Integral
from time import perf_counter
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from dipcli import tasks
from dipcli.errors import UsageError
from dipcli.pictures.coding import JpegCoding
from dipcli.settings import Settings
from dipcli.steps.step import Runtime, Step, numbers
from dipcli.system import devices
from dipcli.tasks import Task, evidence
from dipcli.tasks.arrays import Pixels
from dipcli.tiling.canvas import GAVE_UP
from dipcli.tiling.oom_fallback import restored

Observer = Callable[[Step], None]


@dataclass(frozen=True)
class Result:
    """A restored picture, and how it came about.

    image: as the input in dtype, channels and layout; history: (step, loss) of every step;
    stopped_at: number of steps made; seconds: wall time; partial: interrupted, the best so
    far; notes: what was found out, notes["trust"] how far the result can be trusted (see
    `Task.evidence`, `trust.report`); spread: disagreement between runs, (H, W) float32 in
    [0, 1], or between network and filter; None for a single estimate.
    """

    image: NDArray[Any]
    history: list[tuple[int, float]]
    stopped_at: int
    seconds: float
    settings: Settings
    partial: bool = False
    notes: dict[str, object] = field(default_factory=dict)
    spread: NDArray[np.float32] | None = None

    @property
    def gave_up(self) -> list[str]:
        """What the result had to do without for want of memory or time, in sentences."""
        return list(cast("list[str]", self.notes.get(GAVE_UP, [])))


class History:
    """The loss of every step, as numbers: a small tensor that stays keeps the large ones beside it
    in the heap from being used again, a plane of the picture each step."""

    def __init__(self, every: int) -> None:
        """every: steps between looks at losses, which wait for the device."""
        self.every = every
        self.losses: list[float] = []
        self.pending: list[Tensor] = []  # since the last look

    def add(self, loss: Tensor) -> None:
        """One more step."""
        self.pending.append(loss)
        if len(self.pending) >= self.every:
            self.settle()

    def settle(self) -> None:
        """Look at the losses that are not known yet."""
        if self.pending:
            self.losses += numbers(self.pending)
            self.pending = []

    def state_dict(self) -> dict[str, Any]:
        """The losses so far."""
        self.settle()
        return {"losses": list(self.losses)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """The steps of an earlier process come first."""
        self.losses = state["losses"]


def runtime_for(device: str = "auto", seed: int = 0) -> Runtime:
    """The device called `device` in the precision it is fastest in; DeviceError, UsageError."""
    given: object = seed
    if not isinstance(given, Integral):
        raise UsageError(f"seed is {given!r}, a {type(given).__name__}; it must be a whole number")
    if seed < 0:
        raise UsageError(f"seed is {seed}; it must not be negative")
    chosen = devices.choose(device)
    return Runtime(chosen, int(seed), devices.precision(chosen))


def steps(
    task: Task[Any], preset: str = "auto", device: str = "auto", seed: int = 0, **overrides: object
) -> Iterator[Step]:
    """Every step of a restoration as it happens; `task.render(step.estimate)` is a picture.

    Raises UsageError or DeviceError at once, MemoryLimitError along the way.
    """
    return restored(task, task.settings(preset, **overrides), runtime_for(device, seed))


def restore(
    task: Task[Any], settings: Settings, runtime: Runtime, observers: Sequence[Observer] = ()
) -> Result:
    """Run a task to its end, showing every step to the observers.

    KeyboardInterrupt, from an observer or the keyboard, ends the run early: the result is the
    best so far and `partial`; before the first step it is raised. Large pictures are done in
    tiles, in smaller ones if the memory does not last. Steps that the runtime's memory goes on
    from are not shown again. Raises MemoryLimitError.
    """
    began = perf_counter()
    history = runtime.resume.register("history", History(runtime.looks(settings.time)))
    seen = len(history.losses)  # steps that were made before an interruption
    notes: dict[str, object] = {}
    last: Step | None = None
    partial = False
    try:
        for step in restored(task, settings, runtime):
            last = step
            notes.update(step.notes)
            if step.index < seen:
                continue
            history.add(step.loss)
            for observe in observers:
                observe(step)
    except KeyboardInterrupt:
        partial = True
    if last is None:
        raise KeyboardInterrupt
    history.settle()
    image = task.render(last.estimate)
    judged = task.judged(last.estimate, image)
    found = task.evidence(Pixels.of(judged).values, settings)
    notes["trust"] = evidence.report(found, last, notes, partial)
    spread = None if last.spread is None else last.spread[0, 0].float().cpu().numpy()
    return Result(
        image=image,
        history=list(enumerate(history.losses)),
        stopped_at=last.index + 1,
        seconds=runtime.resume.seconds + perf_counter() - began,
        settings=settings,
        partial=partial,
        notes=notes,
        spread=spread,
    )


def denoise(
    image: NDArray[Any],
    sigma: float | None = None,
    noise: str = "auto",
    preset: str = "auto",
    device: str = "auto",
    seed: int = 0,
    *,
    coding: JpegCoding | None = None,
    strength: float | tuple[float, float] = 1.0,
    detail: float = 0.0,
    protect: NDArray[np.bool_] | None = None,
    **overrides: object,
) -> Result:
    """Remove noise (sigma on the 0..255 scale, None: estimated), JPEG artefacts or impulses.

    image: (H, W) or (H, W, C), uint8, uint16 or float32 in [0, 1]. coding: how it was coded as a
    JPEG, None: looked for in the pixels. strength: 0..1, how much is
    taken away, or (of luma, of chroma); detail: 0..1, how much structure is given back; protect:
    (H, W) bool, True where the input stays. Further arguments replace single fields of the
    preset's `Settings`. Raises UsageError, MaskError, DeviceError, MemoryLimitError.
    """
    task = tasks.denoise(
        image,
        sigma=sigma,
        noise=noise,
        coding=coding,
        strength=strength,
        detail=detail,
        protect=protect,
    )
    return _restored(task, preset, device, seed, overrides)


def superres(
    image: NDArray[Any],
    scale: int = 4,
    kernel: str | None = None,
    preset: str = "auto",
    device: str = "auto",
    seed: int = 0,
    *,
    coding: JpegCoding | None = None,
    as_is: bool = False,
    **overrides: object,
) -> Result:
    """Enlarge `image` 2, 3, 4 or 8 times; kernel: the low-pass that made it small.

    as_is: noise and JPEG artefacts are enlarged, too; otherwise they are taken away before.
    For the rest see `denoise`.
    """
    task = tasks.superres(image, scale=scale, kernel=kernel, coding=coding, as_is=as_is)
    return _restored(task, preset, device, seed, overrides)


def inpaint(
    image: NDArray[Any],
    hole: NDArray[np.bool_],
    preset: str = "auto",
    device: str = "auto",
    seed: int = 0,
    *,
    coding: JpegCoding | None = None,
    as_is: bool = False,
    **overrides: object,
) -> Result:
    """Fill `hole`, (H, W) bool, True where to fill; all else comes out bit for bit.

    as_is: noise and JPEG artefacts are continued in the hole; otherwise it is filled from a
    restored picture. Raises MaskError too; for the rest see `denoise`.
    """
    task = tasks.inpaint(image, hole, coding=coding, as_is=as_is)
    return _restored(task, preset, device, seed, overrides)


def fit(
    image: NDArray[Any],
    targets: Sequence[str] = ("natural",),
    preset: str = "auto",
    device: str = "auto",
    seed: int = 0,
    **overrides: object,
) -> Result:
    """Fit a network to `image`, and to versions of it: natural, noisy, shuffled, noise.

    notes["curves"] maps each target to its (step, loss); for the rest see `denoise`.
    """
    return _restored(tasks.fit(image, targets=targets), preset, device, seed, overrides)


def _restored(
    task: Task[Any], preset: str, device: str, seed: int, overrides: dict[str, object]
) -> Result:
    return restore(task, task.settings(preset, **overrides), runtime_for(device, seed))
