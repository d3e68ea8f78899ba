"""How far a run is, read now and then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dipcli.observers.pace import Every

if TYPE_CHECKING:
    from dipcli.observers.reference import Reference
    from dipcli.stream.step import Step

INTERVAL = 0.25  # seconds between looks; each one waits for the device


@dataclass(frozen=True)
class Reading:
    """What a progress bar shows of a step. done: steps so far, of `total`; psnr in dB."""

    done: int
    total: int
    stage: str
    run: int
    loss: float
    psnr: float | None = None
    device: str = ""


class Meter:
    """Reports a `Reading` at most every INTERVAL seconds, and at the first step."""

    def __init__(
        self, report: Callable[[Reading], None], reference: Reference | None = None
    ) -> None:
        """reference: where to take the PSNR from, if it is known."""
        self._report = report
        self._reference = reference
        self._every = Every(INTERVAL, at_once=True)

    def __call__(self, step: Step) -> None:
        """Look, if it is time."""
        if not self._every.due():
            return
        psnr = self._reference.psnr(step) if self._reference is not None else None
        self._report(
            Reading(
                done=step.index + 1,
                total=step.total,
                stage=step.stage,
                run=step.run,
                loss=float(step.loss),
                psnr=psnr,
                device=str(step.loss.device),
            )
        )
        self._every.rest()
