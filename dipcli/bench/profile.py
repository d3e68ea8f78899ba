"""`python -m dipcli.bench.profile`: where the time of one step goes, and how low it could be.

Two limits: the step's arithmetic at the rate that a large convolution reaches here, and the
bytes that its operations read and write at the bandwidth that a large copy reaches here. An
operation takes at least the longer of its two, and they follow one another: the sum over all
of them is the limit of the step.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections import Counter
from collections.abc import Callable
from time import perf_counter
from typing import Any

import torch
from torch import Tensor
from torch.profiler import ProfilerActivity, profile
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from dipcli.api import runtime_for
from dipcli.degradation.problem import Problem
from dipcli.presets.values import resolve
from dipcli.prior.fit import Run
from dipcli.stages import FitSettings
from dipcli.stream.step import Runtime
from dipcli.system import memory
from dipcli.tasks import TASKS

WARM_UP = 3  # steps
MEASURED = 10  # steps
GROUPS = {  # by a part of the operation's name, the first that fits
    "convolution, backward": ("convolution_backward",),
    "convolution, forward": ("conv",),
    "normalisation": ("batch_norm",),
    "activation": ("leaky_relu", "sigmoid"),
    "enlarging, joining, copying": ("upsample", "cat", "copy", "clone", "contiguous", "to"),
    "matrix products (optimizer)": ("mm", "bmm"),
}


class Count(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """The FLOP of each operation and the bytes that it reads and writes; views are free."""

    def __init__(self) -> None:
        """Nothing was done yet."""
        super().__init__()  # type: ignore[no-untyped-call]
        self.operations: list[tuple[int, int]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run `func`, and count."""
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        if not func.is_view:
            counted = flop_registry.get(func.overloadpacket)
            flops = counted(*args, **kwargs, out_val=result) if counted else 0
            self.operations.append((flops, sum(map(size, (args, result)))))
        return result


def size(value: object) -> int:
    """Bytes of all tensors in `value`."""
    if isinstance(value, Tensor):
        return value.numel() * value.element_size()
    return sum(map(size, value)) if isinstance(value, (tuple, list)) else 0


def warmed_up(settings: FitSettings, runtime: Runtime, side: int) -> Run:
    """A run on a random picture of side x side, warmed up."""
    y = torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(0))
    y = y.to(runtime.device)
    run = Run(Problem(y, (side, side), picture=y), settings, runtime, 0, None)
    for _ in range(WARM_UP):
        run.step()
    return run


def seconds(action: Callable[[], object], device: torch.device, count: int = MEASURED) -> float:
    """The least time of `action` among `count`."""
    least = math.inf
    for _ in range(count):
        began = perf_counter()
        action()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        least = min(least, perf_counter() - began)
    return least


def milliseconds(run: Run) -> dict[str, float]:
    """Milliseconds of one step by group of operations; "the rest" completes the sum."""
    with profile(activities=[ProfilerActivity.CPU]) as recorded:
        for _ in range(MEASURED):
            run.step()
    times: Counter[str] = Counter()
    for event in recorded.key_averages():
        name = event.key.removeprefix("aten::")
        fitting = (g for g, parts in GROUPS.items() if any(part in name for part in parts))
        times[next(fitting, "the rest")] += event.self_cpu_time_total / 1e3 / MEASURED
    return dict(times.most_common())


def arithmetic(runtime: Runtime) -> float:
    """FLOP per second of a large convolution, forward and backward, in the run's precision."""
    layer = torch.nn.Conv2d(128, 128, 3, padding=1).to(runtime.device)
    layer = layer.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    x = torch.rand(1, 128, 256, 256, device=runtime.device, requires_grad=True)

    def action() -> None:
        amp = runtime.amp
        with torch.autocast(runtime.device.type, dtype=amp, enabled=amp is not None):
            layer(x.to(memory_format=torch.channels_last)).sum().backward()

    return 3 * 2 * 128 * 128 * 9 * 256 * 256 / seconds(action, runtime.device)


def bandwidth(device: torch.device) -> float:
    """Bytes per second, read and written, of a copy far larger than the caches."""
    source = torch.rand(1 << 27, device=device)
    target = torch.empty_like(source)
    return 2 * size(source) / seconds(lambda: target.copy_(source), device)


def report(settings: FitSettings, runtime: Runtime, side: int) -> str:
    """The table, in Markdown."""
    run = warmed_up(settings, runtime, side)
    step = seconds(run.step, runtime.device)
    with Count() as count:
        run.step()
    rate, width = arithmetic(runtime), bandwidth(runtime.device)
    flops, moved = map(sum, zip(*count.operations, strict=True))
    limit = sum(max(f / rate, b / width) for f, b in count.operations)
    rows = [f"| {name} | {time:.1f} |" for name, time in milliseconds(run).items()]
    limits = [
        f"| **step** | **{1e3 * step:.1f}** |",
        f"| arithmetic: {flops / 1e9:.2f} GFLOP at {rate / 1e9:.0f} GFLOP/s"
        f" | {1e3 * flops / rate:.1f} |",
        f"| memory: {moved / 1e6:.0f} MB at {width / 1e9:.1f} GB/s | {1e3 * moved / width:.1f} |",
        f"| limit: the longer of both for each operation | {1e3 * limit:.1f} |",
    ]
    return "\n".join(["| one step | ms |", "|---|---:|", *rows, *limits])


def main(argv: list[str] | None = None) -> int:
    """Print the table for one preset."""
    parser = argparse.ArgumentParser(prog="python -m dipcli.bench.profile", description=__doc__)
    parser.add_argument("--task", default="denoise")
    parser.add_argument("--kind", default="", help="of picture or damage: scattered, x4, ...")
    parser.add_argument("--preset", default="auto")
    parser.add_argument("--side", type=int, default=512, help="of the picture, in pixels")
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args(argv)
    memory.reuse()
    task = TASKS[args.task]
    settings = resolve(task.Settings, task.presets, args.preset, args.kind)
    runtime = runtime_for(args.device)
    print(
        f"{args.task} {args.preset}, {args.side}x{args.side}, {args.device}, "
        f"{torch.get_num_threads()} threads\n"
    )
    print(report(settings, runtime, args.side))
    return 0


if __name__ == "__main__":
    sys.exit(main())
