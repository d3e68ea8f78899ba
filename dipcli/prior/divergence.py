"""Divergence: noticed as it happens, and undone."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from dipcli.prior import losses
from dipcli.steps.resume import Changing

SAVE_EVERY = 20  # steps between the states that a diverged run goes back to


class Guard:
    """Notices divergence (not a number, or a fit 5 dB worse) and goes back to a good state."""

    def __init__(self, run: Changing, kind: str) -> None:
        """kind: the loss."""
        self.run = run
        self.kind = kind
        self.good = copy.deepcopy(run.state())
        self.saved_at = -1
        self.saved_loss = float("inf")
        self.restored: list[int] = []
        self.restored_from = -2

    def passes(self, step: int, loss: float) -> bool:
        """Whether the run may go on from here; if not, it has been set back.

        A second fall from the same state halves the steps, lest it go on for ever.
        """
        if np.isfinite(loss) and not losses.fallen(self.kind, self.saved_loss, loss):
            if self.saved_at < 0 or step - self.saved_at >= SAVE_EVERY:
                self.good = copy.deepcopy(self.run.state())
                self.saved_at, self.saved_loss = step, loss
            return True
        if self.restored_from == self.saved_at:
            for saved in self.good["optimizers"]:
                for group in saved["param_groups"]:
                    group["lr"] *= 0.5
        self.run.restore(self.good)
        self.restored.append(step)
        self.restored_from = self.saved_at
        return False

    def state(self) -> dict[str, Any]:
        """What it remembers, without the run that it guards."""
        return {name: value for name, value in vars(self).items() if name not in ("run", "kind")}

    def restore(self, state: dict[str, Any]) -> None:
        """Remember this; the run is left as it is."""
        vars(self).update(state)
