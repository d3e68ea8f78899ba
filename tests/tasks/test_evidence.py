"""Trust without the truth: noise is not suspected, what looks like the picture is."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

import dipcli
from dipcli.degradation import residual
from dipcli.degradation.damage import Damage
from dipcli.degradation.noise import Noise
from dipcli.degradation.operators import Downsample
from dipcli.errors import MaskError
from dipcli.pictures.coding import standard
from dipcli.stream.step import Step
from dipcli.tasks import evidence

SIGMA = 20 / 255
TINY = {"channels": (4, 8), "input_depth": 4, "iters": 2, "device": "cpu"}


def truth() -> np.ndarray:
    """(96, 96, 3): stripes over a smooth ground, away from black and white."""
    y, x = np.mgrid[0:96, 0:96] / 96
    stripes = 0.2 * np.sign(np.sin(40 * x * (1 + y)))
    return np.stack([0.5 + stripes, 0.4 + 0.1 * x + stripes, 0.6 - 0.1 * y - stripes], -1).astype(
        np.float32
    )


def noisy() -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, SIGMA, truth().shape)
    return np.clip(truth() + noise, 0, 1).astype(np.float32)


def judged(result: np.ndarray, kind: str = "auto") -> dict:
    return evidence.of_denoised(
        noisy(), result.astype(np.float32), kind, Damage("gaussian", Noise(SIGMA))
    )


def test_the_true_noise_is_white_and_not_suspected():
    facts = judged(truth())
    assert facts["whiteness"] > 0.98
    assert abs(facts["structure"]) < 0.05
    assert facts["noise_before"] == pytest.approx(20, rel=0.1)
    assert facts["residual"] == pytest.approx(20, rel=0.05)
    assert "warning" not in facts


def test_a_blurred_result_is_suspected():
    facts = judged(gaussian_filter(noisy(), (2, 2, 0)))
    assert facts["structure"] > evidence.MOST_STRUCTURE
    assert facts["whiteness"] < 0.95
    assert "detail is lost" in facts["warning"]
    assert "\n" not in facts["warning"]


def test_noise_that_is_left_is_told():
    facts = judged(0.8 * noisy() + 0.2 * truth())
    assert "noise is left" in facts["warning"]
    assert facts["noise_after"] > 0.4 * facts["noise_before"]


def test_nothing_taken_away_from_a_noisy_picture_is_told():
    facts = judged(noisy())
    assert (facts["whiteness"], facts["structure"], facts["residual"]) == (None, None, 0)
    assert "noise is left" in facts["warning"]


def test_a_picture_that_is_gone_altogether_is_told():
    facts = judged(np.full_like(truth(), 0.5))
    assert facts["structure"] == 0  # no detail is left to compare with
    assert "more than noise" in facts["warning"]


def test_what_cannot_go_too_far_is_not_suspected():
    """A file bounds what is taken away from it, and so does a limit."""
    gone = np.full_like(truth(), 0.5)
    for found in (Damage("jpeg", Noise(0.0), coding=standard(50)), Damage("photo", Noise(0), 0.01)):
        assert "warning" not in evidence.of_denoised(noisy(), gone, "auto", found)


def test_values_that_impulses_hit_do_not_count():
    observed, hit = noisy(), np.random.default_rng(0).random(truth().shape) < 0.2
    observed[hit] = 1
    found = Damage("impulse", Noise(0.0), impulses=hit)
    facts = evidence.of_denoised(observed, np.where(hit, truth(), noisy()), "auto", found)
    assert facts["residual"] == 0


def test_whiteness_does_not_depend_on_size_and_falls_with_correlation():
    rng = np.random.default_rng(1)
    for side in (16, 200):
        white = rng.normal(size=(1, side, side, 1)).astype(np.float32)
        assert residual.whiteness(white, np.ones(white.shape, bool)) > 0.9
    everywhere = np.ones(white.shape, bool)
    slight, strong = (residual.blurred(white, pixels) for pixels in (0.5, 2))
    assert (
        0.3 < residual.whiteness(strong, everywhere) < residual.whiteness(slight, everywhere) < 0.95
    )


def test_clipped_noise_is_compared_with_what_clipping_makes_of_it():
    rng = np.random.default_rng(0)
    dark = np.full((1, 128, 128, 1), 0.02, np.float32)
    observed = np.clip(dark + rng.normal(0, 0.1, dark.shape), 0, 1).astype(np.float32)
    values, inside = residual.standardized(observed, dark, Noise(0.1))
    assert inside.all()  # nothing is away from black: all are taken
    assert float(values.mean()) == pytest.approx(0, abs=0.03)
    assert float(values.std()) == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("size", [(3000, 2000), (100_000, 20), (20, 100_000)])
def test_a_large_picture_is_judged_by_few_windows_within_it(size):
    parts = evidence.windows(*size)
    pixels = sum((r.stop - r.start) * (c.stop - c.start) for r, c in parts)
    assert pixels <= evidence.WHOLE_PIXELS
    assert max(r.stop for r, _ in parts) == size[0]
    assert max(c.stop for _, c in parts) == size[1]


def test_the_consistency_of_an_enlarged_picture_is_the_same_by_windows():
    small = np.random.default_rng(0).random((400, 300, 1)).astype(np.float32)
    large = np.kron(small, np.ones((2, 2, 1), np.float32))
    assert len(evidence.windows(400, 300)) > 1
    assert evidence.distance_reduced(large, small, Downsample(2, "box"), 2) == 0
    assert evidence.distance_reduced(large, small, Downsample(2, "bicubic"), 2) > 1


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("shape", [(1, 1), (4, 4), (4, 4, 3), (16, 16)])
@pytest.mark.parametrize("task", ["denoise", "superres", "inpaint", "fit"])
def test_tiny_pictures_of_every_kind_are_judged_without_a_warning(task, shape, dtype):
    top = 1 if dtype is np.float32 else np.iinfo(dtype).max
    image = (np.random.default_rng(0).random(shape) * top).astype(dtype)
    hole = np.zeros(shape[:2], bool)
    hole[0, 0] = True
    more = (hole,) if task == "inpaint" else ()
    if task == "inpaint" and hole.all():
        with pytest.raises(MaskError):
            dipcli.inpaint(image, *more)
        return
    facts = getattr(dipcli, task)(image, *more, runs=1, **TINY).notes["trust"]
    assert task == "denoise" or facts["spread"] is None  # there the filter is compared
    assert facts["why"]
    assert facts["stopped_at"] > 0
    assert "warning" not in facts


def test_runs_that_differ_give_a_spread_and_a_reason_each(draw):
    facts = dipcli.denoise(draw(), sigma=10, runs=2, **TINY).notes["trust"]
    assert facts["spread"] > 0
    assert facts["why"].startswith("run 1: ")
    assert "run 2: " in facts["why"]


def test_a_reason_is_told_once():
    picture = torch.zeros(1, 1, 2, 2)
    step = Step(3, 9, "filter", 0, torch.zeros(()), picture, picture)
    notes = {"runs": [{"why": "the time was up"}]}
    assert evidence.stop_reason(step, notes, partial=False) == "the time was up"
    done = replace(step, index=8)
    assert evidence.stop_reason(done, notes, partial=False) == "the time was up; all 9 steps made"


def test_a_destroyed_version_is_not_compared_with_the_picture(draw):
    facts = dipcli.fit(draw(), targets=("noise",), **TINY).notes["trust"]
    assert set(facts) == {"spread", "stopped_at", "why"}


@pytest.mark.parametrize(
    ("rms", "left", "structure", "kind", "text"),
    [
        (19.9, 0, 0.1, "gaussian", ""),
        (20.1, 0, 0.1, "gaussian", "more than noise was taken away (20.1, the noise is 10.0)"),
        (10, 0, 0.44, "gaussian", ""),
        (10, 0, 0.46, "gaussian", "looks like the picture (structure 0.46)"),
        (10, 0, 0.64, "photo", ""),
        (10, 0, 0.66, "photo", "looks like the picture"),
        (2.9, 4.4, 0.1, "gaussian", ""),
        (2.9, 4.6, 0.1, "gaussian", "noise is left: of 10.0 only 2.9 was taken away"),
        (3.1, 4.6, 0.1, "gaussian", ""),
    ],
)
def test_where_a_warning_begins(rms, left, structure, kind, text):
    """Of noise of 10; all but the structure on the scale 0..255."""
    said = evidence.warning(10 / 255, rms / 255, left / 255, structure, kind)
    assert text in said and bool(text) == bool(said)
