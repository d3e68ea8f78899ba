"""Runs that really diverge, with no help but a learning rate."""

import numpy as np
import pytest

import dipcli

RNG = np.random.default_rng(0)
SCENE = np.clip(np.add.outer(4 * np.arange(32), 3 * np.arange(32))[..., None] + 20, 0, 255)
NOISY = (SCENE + RNG.normal(0, 15, (32, 32, 3))).clip(0, 255).astype(np.uint8)
ALONE = {"method": "dip", "pilot_share": 0.0, "blend": 1.0, "input": "pyramid", "runs": 1}


@pytest.mark.parametrize(
    ("optimizer", "lr", "most"), [("adam", 1.0, 6.0), ("adam", 10.0, 9.0), ("muon", 10.0, 12.0)]
)
def test_it_goes_back_with_smaller_steps_and_ends_nearer_to_the_truth(optimizer, lr, most):
    result = dipcli.denoise(
        NOISY, 15, optimizer=optimizer, lr=lr, iters=60, stop="none", device="cpu", **ALONE
    )
    (run,) = result.notes["runs"]
    assert len(run["restored"]) >= 3 and run["restored"][0] == 1
    assert run["best_step"] == 59
    losses = [loss for _, loss in result.history]
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0] / 4
    assert np.sqrt(((result.image - SCENE) ** 2).mean()) < most, "the noise was 15"
