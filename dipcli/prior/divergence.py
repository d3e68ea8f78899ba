"""What is decided of steps, at once or some of them later: divergence is undone, rules are told."""

from __future__ import annotations

import copy
from typing import Any, Protocol

import numpy as np
from torch import Tensor

from dipcli.prior import losses
from dipcli.prior.stopping import Rule
from dipcli.stream.resume import AttributeState
from dipcli.stream.step import numbers

Pending = tuple[int, Tensor, Tensor, Tensor]  # step, loss, what the rule measured, average
SAVE_EVERY = 20  # steps between the snapshots that a diverged run goes back to


class Guarded(Protocol):
    """A run that can be set back, and its stopping rule."""

    rule: Rule

    def snapshot(self) -> dict[str, Any]:
        """What a step changes, as it stands: the next one changes what is in it."""
        ...

    def go_back(self, snapshot: dict[str, Any]) -> None:
        """Be as at a snapshot, which stays as it is."""
        ...


class DivergenceGuard(AttributeState):
    """Notices divergence (not a number, or a fit 5 dB worse) and goes back to a good state.

    It does not hold the run, which holds it: the memory of a run is free as soon as it is over.
    """

    def __init__(self, loss: str, snapshot: dict[str, Any]) -> None:
        """loss: its kind; snapshot: of the run before its first step."""
        self.loss = loss
        self.pending: list[Pending] = []  # good steps, as far as is known, since the last look
        self.good = copy.deepcopy(snapshot)
        self.saved_at = -1
        self.saved_loss = float("inf")
        self.restored: list[int] = []
        self.restored_from = -2

    def accept(self, run: Guarded, step: int, loss: float) -> bool:
        """Whether the run may go on from here; if not, it has been set back.

        So it has if a step since the last look had diverged. A second fall from the same state
        halves the steps, lest it go on for ever.
        """
        if not self.settle(run):
            return False
        if not self.has_diverged(loss):
            if self.saved_at < 0 or step - self.saved_at >= SAVE_EVERY:
                self.good = copy.deepcopy(run.snapshot())
                self.saved_at, self.saved_loss = step, loss
            return True
        self.set_back(run, step)
        return False

    def settle(self, run: Guarded) -> bool:
        """Look at the steps since the last look, in their order, and tell the run's rule.

        False if one of them had diverged: the run is set back, what followed is forgotten.
        """
        pending, self.pending = self.pending, []
        if not pending:
            return True
        found = numbers([one for _, loss, measured, _ in pending for one in (loss, measured)])
        looks = zip(pending, found[::2], found[1::2], strict=True)
        for (step, _, _, average), loss, measured in looks:
            if self.has_diverged(loss):
                self.set_back(run, step)
                return False
            if not run.rule.done:
                run.rule.decide(step, measured, average)
        return True

    def has_diverged(self, loss: float) -> bool:
        """Whether a loss is not a number, or 5 dB worse than that of the good state."""
        return not np.isfinite(loss) or losses.diverged(self.loss, self.saved_loss, loss)

    def set_back(self, run: Guarded, step: int) -> None:
        """Set the run back to the good state, since it had diverged at a step."""
        if self.restored_from == self.saved_at:
            for saved in self.good["optimizers"]:
                for group in saved["param_groups"]:
                    group["lr"] *= 0.5
        run.go_back(self.good)
        self.restored.append(step)
        self.restored_from = self.saved_at
