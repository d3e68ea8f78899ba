"""The public API: picture + task + settings -> `Result`. No files, no prints, no global state."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from numbers import Integral
from time import perf_counter
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from dipcli.errors import UsageError
from dipcli.settings import Settings, in_order, spec_of
from dipcli.stream.step import Runtime, Step, numbers
from dipcli.system import devices
from dipcli.tasks import TASKS, Task, evidence
from dipcli.tasks.arrays import Pixels
from dipcli.tiling.canvas import GAVE_UP
from dipcli.tiling.oom_fallback import restoration_steps

Observer = Callable[[Step], None]


@dataclass(frozen=True)
class Result:
    """A restored picture, and how it came about.

    image: as the input in dtype, channels and layout; history: (step, loss) of every step;
    stopped_at: number of steps made; seconds: wall time; partial: interrupted, the best so
    far; notes: what was found out, notes["trust"] how far the result can be trusted (see
    `Task.evidence`, `evidence.report`); spread: disagreement between runs, (H, W) float32 in
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
    task: Task[Any, Any],
    preset: str = "auto",
    device: str = "auto",
    seed: int = 0,
    **overrides: object,
) -> Iterator[Step]:
    """Every step of a restoration as it happens; `task.render(step.estimate)` is a picture.

    Raises UsageError or DeviceError at once, MemoryLimitError along the way.
    """
    return restoration_steps(task, task.settings(preset, **overrides), runtime_for(device, seed))


def restore(
    task: Task[Any, Any], settings: Settings, runtime: Runtime, observers: Sequence[Observer] = ()
) -> Result:
    """Run a task to its end, showing every step to the observers.

    KeyboardInterrupt, from an observer or the keyboard, ends the run early: the result is the
    best so far and `partial`; before the first step it is raised. Large pictures are done in
    tiles, in smaller ones if the memory does not last. Steps that the runtime's resume state
    goes on from are not shown again. Raises MemoryLimitError.
    """
    began = perf_counter()
    history = runtime.resume.register("history", History(runtime.looks(settings.time)))
    seen = len(history.losses)  # steps that were made before an interruption
    notes: dict[str, object] = {}
    last: Step | None = None
    partial = False
    try:
        for step in restoration_steps(task, settings, runtime):
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


def restoration(name: str) -> Callable[..., Result]:
    """The function that does the task of this name, made from what the task declares.

    function(image, *companions, *options, preset="auto", device="auto", seed=0, **settings)

    image: (H, W) or (H, W, C), uint8, uint16 or float32 in [0, 1]; the arrays that belong to it;
    the options of the task; the preset and single fields of its settings that replace the
    preset's. It raises UsageError, MaskError, DeviceError, MemoryLimitError.
    """
    task = TASKS[name]
    signature = _signature(task)

    def restored_by(*args: Any, **given: Any) -> Result:
        bound = signature.bind(*args, **given).arguments
        overrides = bound.pop("settings", {})
        preset, device = (bound.pop(name, "auto") for name in ("preset", "device"))
        seed = bound.pop("seed", 0)
        made = task.of(_begins(task, bound), **bound)
        return restore(made, made.settings(preset, **overrides), runtime_for(device, seed))

    restored_by.__name__ = restored_by.__qualname__ = name
    restored_by.__doc__ = _documentation(task)
    restored_by.__signature__ = signature  # type: ignore[attr-defined]
    return restored_by


def _begins(task: type[Task[Any, Any]], given: dict[str, Any]) -> NDArray[Any]:
    """The image that was given, or the canvas of a task that takes none."""
    if task.takes_picture:
        image: NDArray[Any] = given.pop("image")
        return image
    names = {one.name for one in fields(task.Options)} & set(given)
    return task.canvas(task.Options().override(**{name: given[name] for name in names}))


def _signature(task: type[Task[Any, Any]]) -> inspect.Signature:
    """image, the arrays it needs, the options; the rest by name."""
    either, named = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY
    needed = [one.keyword for one in task.companions if one.required]
    images = ("image",) if task.takes_picture else ()
    found = [inspect.Parameter(name, either) for name in (*images, *needed)]
    options = [one for one in in_order(task.Options) if one.name != task.question]
    found += [inspect.Parameter(one.name, either, default=one.default) for one in options]
    others = [one.keyword for one in task.companions if not one.required]
    defaults = {**dict.fromkeys(others), "coding": None, "preset": "auto", "device": "auto"}
    found += [inspect.Parameter(n, named, default=d) for n, d in (defaults | {"seed": 0}).items()]
    return inspect.Signature([*found, inspect.Parameter("settings", inspect.Parameter.VAR_KEYWORD)])


def _documentation(task: type[Task[Any, Any]]) -> str:
    """The first sentence of the task's help, and a line for each of its arguments."""
    lines = [f"{one.keyword}: {one.help}" for one in task.companions]
    lines += [f"{one.name}: {spec_of(one).help}" for one in in_order(task.Options)]
    return "\n".join([task.help().splitlines()[0], "", *lines, "", "See `dipcli.api.restoration`."])
