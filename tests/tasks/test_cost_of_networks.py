"""What a step is said to take is what was measured, for each network."""

import pytest

from dipcli.presets.denoise import DenoiseSettings

WIDE = (128,) * 5
# Seconds of a step for a megapixel on two cores, bfloat16: 256x256 on one thread beside the slim
# net of 16-32-64-128-128, which takes 0.476 s.
MEASURED = [
    ({"net": "slim"}, 0.476),
    ({"net": "skip", "channels": WIDE, "skip_channels": (4,), "input_depth": 32}, 4.94),
    ({"net": "skip", "channels": WIDE, "skip_channels": (128,), "input_depth": 32}, 8.66),
    ({"net": "skip", "channels": (32,) * 5, "skip_channels": (4,), "input_depth": 32}, 1.03),
    ({"net": "unet"}, 1.05),
    ({"net": "unet", "channels": (8, 16, 32, 64, 64)}, 0.49),
    ({"net": "unet", "channels": (64, 128, 256, 512, 512)}, 15.5),
    ({"net": "resnet", "channels": (32,)}, 2.25),
    ({"net": "resnet", "channels": (64,)}, 6.90),
    ({"net": "resnet", "channels": (32,), "blocks": 4}, 1.19),
    ({"net": "decoder", "channels": WIDE}, 0.65),
    ({"net": "decoder"}, 0.172),
    ({"method": "zsn2n", "channels": (48, 48)}, 0.51),
    ({"method": "zsn2n", "channels": (96, 96)}, 1.52),
]


@pytest.mark.parametrize(("given", "seconds"), MEASURED, ids=lambda one: str(one))
def test_a_step_takes_what_was_measured(given, seconds):
    settings = DenoiseSettings().override(**{"method": "dip", "runs": 1, "iters": 1, **given})
    assert settings.cost(1e6).seconds == pytest.approx(seconds, rel=0.2)
