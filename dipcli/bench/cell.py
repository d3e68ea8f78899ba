"""One cell of a table: one picture with one variant of the settings, in this process alone.

    python -m dipcli.bench.cell '{...}'     # an `Order` in, a record on the last line of stdout

The record's seconds are those of the restoration itself, from the picture in memory to the
picture in memory; imports, files, watching and scoring are outside.
"""

import ast
import json
import sys
from time import perf_counter
from typing import TYPE_CHECKING, Any

from PIL import Image

from dipcli.bench import usage
from dipcli.bench.cases import Case, Problem, problem
from dipcli.bench.orders import Order
from dipcli.errors import DipError, UsageError
from dipcli.pictures import read
from dipcli.system.memory import reuse
from dipcli.system.waiting import asleep
from dipcli.tasks import TASKS

if TYPE_CHECKING:
    from dipcli.api import Result
    from dipcli.settings import Settings
    from dipcli.stream.step import Step
    from dipcli.tasks import Task

# Arguments of the task; all others are fields of Settings.
TASK_OPTIONS = {"sigma", "noise", "strength", "detail", "as_is"}


class BestStop:
    """An observer that finds the step at which stopping would have been best.

    It only looks, at the 8-bit picture that each step would have given; `seconds` is what
    looking has cost, to be taken off the run's own.
    """

    def __init__(self, case: Case, task: "Task[Any, Any]", given: Problem) -> None:
        """Measure on `case`'s scale against the truth that is given."""
        from dipcli.bench import score

        self._began = perf_counter()
        self._score, self._case, self._task, self._given = score, case, task, given
        self._truth = score.prepare(case, given.truth)
        self.best: dict[str, float] = {}
        self.total = 0
        self.seconds = 0.0

    def __call__(self, step: "Step") -> None:
        """Look at one step."""
        began = perf_counter()
        shown = self._given.levels(self._task.render(step.estimate))
        picture = self._score.prepare(self._case, shown)
        psnr = self._score.psnr(picture, self._truth)
        if psnr > self.best.get("best_psnr", float("-inf")):
            at = round(began - self._began - self.seconds, 3)
            self.best = {"best_psnr": psnr, "best_step": step.index + 1, "best_seconds": at}
        self.total = step.total
        self.seconds += perf_counter() - began


def measure(order: Order) -> dict[str, Any]:
    """Restore, then score; the record as plain JSON types."""
    import torch

    before = usage.current()
    from dipcli.api import restore, runtime_for
    from dipcli.bench import score

    case, given = order.case, problem(order.case)
    runtime = runtime_for(order.variant.device, order.variant.seed)

    began = perf_counter()
    task, settings = _prepared(order, given)
    watch = BestStop(case, task, given) if order.watch else None
    result = restore(task, settings, runtime, [watch] if watch else [])
    seconds = perf_counter() - began - (watch.seconds if watch else 0.0)
    peak = usage.peak()

    image = given.levels(result.image)
    psnr, ssim = score.score(case, image, given.truth)
    name, plain = score.yardstick(case, given)
    if order.save is not None:
        order.save.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(order.save)
    return {
        "psnr": psnr,
        "ssim": ssim,
        "seconds": round(seconds, 3),
        "peak_mb": peak,
        "peak_over_import_mb": round(peak - before, 1),
        "gpu_mb": _gpu_peak(runtime.device),
        "yardstick": name,
        "yardstick_psnr": score.score(case, plain, given.truth)[0],
        **_course(result, watch),
        "device": str(runtime.device),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
    }


def _prepared(order: Order, given: Problem) -> "tuple[Task[Any, Any], Settings]":
    """The task and its settings; the observation is all that the task is told."""
    from dipcli import tasks

    options = {name: _value(text) for name, text in order.variant.overrides.items()}
    told = {name: options.pop(name) for name in TASK_OPTIONS & options.keys()}
    if given.span is not None and "sigma" in told:  # of the picture, not of the floats
        told["sigma"] /= given.span[1] - given.span[0]
    task: Task[Any, Any]
    if order.case.task == "superres":
        task = tasks.superres(given.observed, scale=order.case.level, **told)
    elif given.hole is not None:
        task = tasks.inpaint(given.observed, given.hole, **told)
    else:
        task = tasks.denoise(given.observed, **of_file(given), **told)
    settings = task.settings(order.variant.preset, **options)
    if order.watch and settings.time is not None:
        raise UsageError("watching would eat into the time budget; leave one of them out")
    return task, settings


def check(order: Order) -> None:
    """Raise UsageError for a preset or a setting that there is not, before anything is measured."""
    case, variant = order.case, order.variant
    task = TASKS[case.task]
    given = {name: _value(text) for name, text in variant.overrides.items()}
    settings = {name: value for name, value in given.items() if name not in TASK_OPTIONS}
    scale = {"scale": case.level} if case.task == "superres" else {}
    task.possible_settings(task.Options().override(**scale), variant.preset, **settings)


def of_file(given: Problem) -> dict[str, Any]:
    """What the task takes of the observed file beside its pixels: how a JPEG was coded."""
    return {} if given.coding is None else {"coding": read(given.coding).meta.jpeg}


def _course(result: "Result", watch: BestStop | None) -> dict[str, Any]:
    course = {
        "stopped_at": result.stopped_at,
        "settings": result.settings.to_dict(),
        "notes": json.loads(json.dumps(result.notes, default=str)),
    }
    return {**course, "total": watch.total, **watch.best} if watch else course


def _gpu_peak(device: Any) -> float | None:
    import torch

    if device.type != "cuda":
        return None
    return round(torch.cuda.max_memory_allocated(device) / 2**20, 1)


def _value(text: str) -> Any:
    """`100`, `0.5`, `16,32`, `None`, `True` as Python means them; all else is a name."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return tuple(text.split(",")) if "," in text else text


def main() -> int:
    """Measure the order on the command line; an error is one line on stderr and its exit code."""
    reuse()
    asleep()
    try:
        print(json.dumps(measure(Order.from_json(sys.argv[1]))))
    except DipError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
