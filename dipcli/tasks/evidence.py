"""Trust without ground truth: what a result tells about itself, once, when it is there.

Each task knows its own evidence (`Task.evidence`); `report` adds how far the runs agreed and why
the last step was the last. Windows spread over a large picture stand for the whole of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from dipcli.degradation import residual
from dipcli.degradation.damage import Damage, examine, of_noise
from dipcli.degradation.noise import Noise, estimate
from dipcli.degradation.operators import Operator
from dipcli.stream.step import Step
from dipcli.tasks.arrays import to_array, to_tensor

WINDOW = 80  # pixels; as good as whole pictures for the noise, within 2 %
WINDOWS = 4  # along each side
WHOLE_PIXELS = (WINDOW * WINDOWS) ** 2  # pixels; a larger picture is judged by windows
MOST_STRUCTURE = 0.45  # good results reach 0.36, blurred ones and wrong sigmas begin at 0.54
MOST_STRUCTURE_SHARED = 0.65  # where neighbours share the noise, good results reach 0.56
LEAST_REMOVED = (
    0.6  # of the noise, in the residual: half way to the noisy picture 0.5, blurs 0.6 up
)
LEAST_REMOVED_WHITE = 0.3  # the same where structure does not confirm it: Baboon, sigma 5, has 0.5
MOST_LEFT = 0.45  # of the noise, in the result: half way 0.5; good results 0.3, 0.4 at sigma 5
MOST_REMOVED = 2.0  # times the noise: of camera noise, stronger in the light, the truth reaches 1.4
ROUNDING = 0.3 / 255  # a residual below the rounding to 8 bits is neither white nor structured
VISIBLE = 1 / 255
KERNEL_REACH = 8  # pixels of the small picture; every kernel reaches less far
LEAST_SIDE = 32  # pixels; the noise of a smaller picture is a guess, and no reason for a warning

Values = NDArray[np.float32]
Part = tuple[slice, slice]


def report(
    evidence: dict[str, object], step: Step, notes: dict[str, Any], partial: bool
) -> dict[str, object]:
    """The evidence, and of the last step its spread and why it was the last; plain JSON.

    spread: mean standard deviation between runs, 0..255, or between a run and the filter that
    it is mixed with; None where only one estimate was made.
    """
    spread = None if step.spread is None else to_255(float(step.spread.mean()))
    ended = {"stopped_at": step.index + 1, "why": stop_reason(step, notes, partial)}
    return {**evidence, "spread": spread, **ended}


def stop_reason(step: Step, notes: dict[str, Any], partial: bool) -> str:
    """Why the last step was the last: of each run, and of the filter where that came last."""
    if partial:
        return "interrupted"
    runs = [str(run["why"]) for run in notes.get("runs", [notes]) if "why" in run]
    many = len(runs) > 1
    reasons = [f"run {n}: {reason}" if many else reason for n, reason in enumerate(runs, 1)]
    if step.stage != "fit":
        all_made = step.index + 1 == step.total
        reasons.append(f"all {step.total} steps made" if all_made else "the time was up")
    return "; ".join(dict.fromkeys(reasons))


def of_denoised(
    observation: Values,
    result: Values,
    kind: str = "auto",
    found: Damage | None = None,
    *,
    quick: bool = False,
) -> dict[str, object]:
    """Noise before and after, the residual, and a warning where noise or structure shows.

    observation, result: (H, W, C) in [0, 1]; kind: of the damage as told; found: what was found,
    None to look for it here. whiteness, structure: see `dipcli.degradation.residual`, None where
    nothing was taken away. The rest is on the scale 0..255. Values that impulses hit do not count.
    quick: look for white noise alone, a fifth of the time.
    """
    parts = windows(*observation.shape[:2])
    if found and found.impulses is not None:
        observation = np.where(found.impulses, result, observation)
    y, x = stack(observation, parts), stack(result, parts)
    told = found if found and (found.impulses is None or found.few) else None
    before = told.noise if told else look(y, kind, quick=quick)
    strength, rms = residual.deviation(before, y), root_mean_square(y - x)
    rest, white, structure = before, None, None
    if rms >= ROUNDING:
        coding = found.coding if found else None
        rest = estimate(in_one(x)) if quick else of_noise(in_one(x), coding).noise
        z, inside = residual.standardized(y, x, before)
        white, structure = residual.whiteness(z, inside), residual.structure(z, inside, x)
    facts: dict[str, object] = {
        "noise_before": to_255(strength),
        "noise_after": to_255(residual.deviation(rest, x)),
        "residual": to_255(rms),
        "whiteness": None if white is None else round(white, 3),
        "structure": None if structure is None else round(structure, 3),
    }
    if found is not None and found.bounded:
        return facts
    left = 0.0 if before.kind == "photo" else residual.deviation(rest, x)  # it is as texture is
    text = warning(strength, rms, left, structure, before.kind)
    if quick and text:
        text = f"{text.rpartition(';')[0]}; learn a model from such noise"
    return {**facts, "warning": text} if text and min(x.shape[1:3]) >= LEAST_SIDE else facts


def warning(
    strength: float, rms: float, left: float, structure: float | None, kind: str = "gaussian"
) -> str:
    """One line on what speaks against a result; "" if nothing does.

    strength: of the noise; rms: of the residual; left: noise in the result, 0
    if it cannot be told; all in [0, 1]. structure: of the residual, None where it is nothing.
    """
    if rms > MOST_REMOVED * max(strength, VISIBLE):
        return (
            f"more than noise was taken away ({255 * rms:.1f}, the noise is {255 * strength:.1f}):"
            " detail is lost; a lower --sigma or a slower --preset keeps more"
        )
    most = MOST_STRUCTURE_SHARED if kind == "photo" else MOST_STRUCTURE
    alike = structure is None or structure > most
    little = rms < (LEAST_REMOVED if alike else LEAST_REMOVED_WHITE) * strength
    if strength > VISIBLE and little and left > MOST_LEFT * strength:
        return (
            f"noise is left: of {255 * strength:.1f} only {255 * rms:.1f} was taken away;"
            " a higher --sigma takes more"
        )
    if structure is not None and structure > most:
        return (
            f"what was taken away looks like the picture (structure {structure:.2f}):"
            " detail is lost; a lower --sigma or a slower --preset keeps more"
        )
    return ""


def noise_level(picture: Values) -> float:
    """The noise of a picture, (H, W, C) in [0, 1], as estimated from it; 0..255."""
    values = stack(picture, windows(*picture.shape[:2]))
    return to_255(residual.deviation(look(values), values))


def look(stacked: Values, kind: str = "auto", *, quick: bool = False) -> Noise:
    """The noise of a stack of windows; quick: taken for white, and for the only damage."""
    whole = in_one(stacked)
    return estimate(whole) if quick else examine(whole, kind).noise


def distance(observation: Values, result: Values) -> float:
    """Root mean square of the difference of two pictures, (H, W, C) in [0, 1]; 0..255."""
    parts = windows(*observation.shape[:2])
    return to_255(root_mean_square(stack(observation, parts) - stack(result, parts)))


def distance_reduced(result: Values, observation: Values, operator: Operator, scale: int) -> float:
    """The distance between the observation and the result, reduced by `operator` to its size.

    Where windows are taken, what lies within REACH of their borders is not counted.
    """
    squares = []
    parts = windows(*observation.shape[:2])
    for rows, columns in parts:
        large = result[_times(rows, scale), _times(columns, scale)]
        again = operator(to_tensor(large, torch.device("cpu")))
        difference = to_array(again) - observation[rows, columns]
        if len(parts) > 1:
            y, x = (
                slice(KERNEL_REACH, -KERNEL_REACH) if n > 2 * KERNEL_REACH else slice(None)
                for n in difference.shape[:2]
            )
            difference = difference[y, x]
        squares.append(np.square(difference).mean())
    return to_255(float(np.sqrt(np.mean(squares))))


def windows(height: int, width: int) -> list[Part]:
    """The whole of a picture, or of a large one equal windows spread evenly over it."""
    if height * width <= WHOLE_PIXELS:
        return [(slice(0, height), slice(0, width))]
    rows, columns = (spread_out(n) for n in (height, width))
    return [(row, column) for row in rows for column in columns]


def spread_out(length: int) -> list[slice]:
    """Windows along one side, from its beginning to its end."""
    size = min(WINDOW, length)
    starts = np.unique(np.linspace(0, length - size, WINDOWS).astype(int))
    return [slice(int(start), int(start) + size) for start in starts]


def stack(picture: Values, parts: list[Part]) -> Values:
    """(H, W, C) -> (N, h, w, C)."""
    return np.stack([picture[part] for part in parts])


def in_one(values: Values) -> Values:
    """(N, h, w, C) -> (N h, w, C), the windows below one another."""
    return values.reshape(-1, *values.shape[2:])


def _times(part: slice, scale: int) -> slice:
    return slice(part.start * scale, part.stop * scale)


def root_mean_square(difference: Values) -> float:
    """Root mean square."""
    return float(np.sqrt(np.square(difference).mean()))


def to_255(value: float) -> float:
    """A value of [0, 1] on the scale 0..255, rounded to two digits."""
    return round(255 * value, 2)
