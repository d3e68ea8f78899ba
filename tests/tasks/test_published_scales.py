"""A scale of 16 is for the published method alone."""

import numpy as np
import pytest

import dipcli
from dipcli.degradation.operators import kernel_taps
from dipcli.errors import UsageError

SMALL = np.random.default_rng(0).integers(0, 256, (4, 5, 3), dtype=np.uint8)


def test_the_published_method_enlarges_by_16():
    few = {"channels": (4,), "skip_channels": (2,), "iters": 2}
    found = dipcli.superres(SMALL, scale=16, preset="paper", device="cpu", **few)
    assert found.image.shape == (64, 80, 3)
    assert found.settings.kernel == "lanczos2" and found.settings.jitter == 0.05
    assert len(kernel_taps("lanczos2", 16)) == 4 * 16


@pytest.mark.parametrize("preset", ["auto", "fast", "best"])
def test_the_others_refuse(preset):
    with pytest.raises(UsageError, match="scale 16 is for preset paper; enlarge by 8, or give it"):
        dipcli.superres(SMALL, scale=16, preset=preset, device="cpu")
