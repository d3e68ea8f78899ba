"""What a page shows of one picture; plain values and bytes, so that a worker can send it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dipcli.report.chart import Line, chart
from dipcli.report.layers import Layer, layers_of, strip, thumbnail

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dipcli.observers.curve import Row
    from dipcli.pictures import Picture


@dataclass(frozen=True, kw_only=True)
class View:
    """The pictures of one result. thumbs: before and after, small, as addresses that hold them;
    size: (W, H) of the result; charts: SVG; strip: some of the steps side by side."""

    size: tuple[int, int]
    layers: tuple[Layer, ...]
    thumbs: tuple[str, str]
    charts: tuple[str, ...] = ()
    strip: bytes = b""


def view_of(
    before: Picture,
    after: Picture,
    rows: Sequence[Row] = (),
    frames: Sequence[NDArray[np.uint8]] = (),
    **more: Any,
) -> View:
    """What there is to see of a result. rows: of its curve; frames: of its steps;
    more: see `layers_of`."""
    height, width = after.pixels.shape[:2]
    return View(
        size=(width, height),
        layers=tuple(layers_of(before, after, **more)),
        thumbs=(thumbnail(before), thumbnail(after)),
        charts=tuple(filter(None, charts_of(rows))),
        strip=strip(list(frames)),
    )


def charts_of(rows: Sequence[Row]) -> list[str]:
    """Loss, and PSNR where it is known, each run of each stage as a line from its first step."""
    runs: dict[tuple[str, int], list[Row]] = {}
    for row in rows:
        runs.setdefault((row.stage, row.run), []).append(row)
    stages = [stage for stage, _ in runs]
    named = {}
    for number, ((stage, _), some) in enumerate(runs.items()):
        run = stages[: number + 1].count(stage)
        named[f"{stage}, run {run}" if stages.count(stage) > 1 else stage] = some
    loss = [
        Line(name, [(r.step - some[0].step + 1, r.loss) for r in some if r.loss is not None])
        for name, some in named.items()
    ]
    psnr = [
        Line(name, [(r.step - some[0].step + 1, r.psnr) for r in some if r.psnr is not None])
        for name, some in named.items()
    ]
    return [chart(loss, "loss", log=True), chart(psnr, "PSNR (dB)", log=False)]
