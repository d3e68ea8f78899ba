"""What is decided of steps, at once or some of them later: divergence is undone, rules are told."""

from __future__ import annotations

import copy
from typing import Any, Protocol

import numpy as np
from torch import Tensor

from dipcli.prior import losses
from dipcli.prior.stopping import Rule
from dipcli.steps.resume import Changing
from dipcli.steps.step import numbers

Seen = tuple[int, Tensor, Tensor, Tensor]  # step, loss, what the rule measured, average
SAVE_EVERY = 20  # steps between the states that a diverged run goes back to


class Guarded(Changing, Protocol):
    """A run that can be set back, and its stopping rule."""

    rule: Rule


class Guard:
    """Notices divergence (not a number, or a fit 5 dB worse) and goes back to a good state."""

    def __init__(self, run: Guarded, kind: str) -> None:
        """kind: the loss."""
        self.run = run
        self.kind = kind
        self.pending: list[Seen] = []  # good steps, as far as is known, since the last look
        self.good = copy.deepcopy(run.state())
        self.saved_at = -1
        self.saved_loss = float("inf")
        self.restored: list[int] = []
        self.restored_from = -2

    def passes(self, step: int, loss: float) -> bool:
        """Whether the run may go on from here; if not, it has been set back.

        So it has if a step since the last look had diverged. A second fall from the same state
        halves the steps, lest it go on for ever.
        """
        if not self.settle():
            return False
        if not self.diverged(loss):
            if self.saved_at < 0 or step - self.saved_at >= SAVE_EVERY:
                self.good = copy.deepcopy(self.run.state())
                self.saved_at, self.saved_loss = step, loss
            return True
        self.go_back(step)
        return False

    def settle(self) -> bool:
        """Look at the steps since the last look, in their order, and tell the run's rule.

        False if one of them had diverged: the run is set back, what followed is forgotten.
        """
        pending, self.pending = self.pending, []
        if not pending:
            return True
        found = numbers([one for _, loss, measured, _ in pending for one in (loss, measured)])
        looks = zip(pending, found[::2], found[1::2], strict=True)
        for (step, _, _, average), loss, measured in looks:
            if self.diverged(loss):
                self.go_back(step)
                return False
            if not self.run.rule.done:
                self.run.rule.decide(step, measured, average)
        return True

    def diverged(self, loss: float) -> bool:
        """Whether a loss is not a number, or 5 dB worse than that of the good state."""
        return not np.isfinite(loss) or losses.fallen(self.kind, self.saved_loss, loss)

    def go_back(self, step: int) -> None:
        """Set the run back to the good state, since it had diverged at a step."""
        if self.restored_from == self.saved_at:
            for saved in self.good["optimizers"]:
                for group in saved["param_groups"]:
                    group["lr"] *= 0.5
        self.run.restore(self.good)
        self.restored.append(step)
        self.restored_from = self.saved_at

    def state(self) -> dict[str, Any]:
        """What it remembers, without the run that it guards."""
        return {name: value for name, value in vars(self).items() if name not in ("run", "kind")}

    def restore(self, state: dict[str, Any]) -> None:
        """Remember this; the run is left as it is."""
        vars(self).update(state)
