"""A budget ends every stage: each case would take minutes, or hours, without it."""

import io
from collections.abc import Callable

import numpy as np
import pytest
import torch
from PIL import Image

import dipcli
from dipcli.degradation.damage import Damage
from dipcli.degradation.noise import Noise
from dipcli.presets.denoise import PRESETS, DenoiseSettings
from dipcli.presets.values import resolve
from dipcli.stream.step import Runtime, Step
from dipcli.tasks import denoising

BUDGET, MOST = 0.4, 30.0  # seconds; the second leaves room for a busy machine
FOREVER = 1_000_000
RNG = np.random.default_rng(0)
SCENE = np.add.outer(np.arange(64), 2 * np.arange(64)).astype(float) + 20
NOISY = (SCENE[..., None] + RNG.normal(0, 20, (64, 64, 3))).clip(0, 255).astype(np.uint8)
SMALL = NOISY[:16, :16]
SALTED = np.where(RNG.random((64, 64, 1)) < 0.3, 255, NOISY // 2 + 30).astype(np.uint8)
TEXT = np.zeros((64, 64), bool)
TEXT[8:11, 4:60] = TEXT[30:33, 4:60] = True
DISK = np.hypot(*np.mgrid[-32:32, -32:32]) < 20
LOST = RNG.random((64, 64)) < 0.6
NARROW = {"channels": (4, 8), "input_depth": 4, "stop": "none", "holdout": 0.0}


def coded() -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(NOISY).save(file, "JPEG", quality=10)
    return np.array(Image.open(file))


CASES: dict[str, Callable[..., dipcli.Result]] = {
    "filter": lambda **o: dipcli.denoise(NOISY, 20, method="patches", passes=1000, **o),
    "camera": lambda **o: dipcli.denoise(NOISY, noise="photo", method="patches", passes=1000, **o),
    "fit": lambda **o: dipcli.denoise(NOISY, 20, method="dip", iters=FOREVER, **NARROW, **o),
    "fit after filter": lambda **o: dipcli.denoise(NOISY, 20, iters=FOREVER, **NARROW, **o),
    "many runs": lambda **o: dipcli.denoise(NOISY, 20, method="dip", runs=1000, **o),
    "bootstrap": lambda **o: dipcli.denoise(NOISY, 20, preset="best", iters=FOREVER, **NARROW, **o),
    "jpeg": lambda **o: dipcli.denoise(coded(), noise="jpeg", passes=1000, **o),
    "salt": lambda **o: dipcli.denoise(SALTED, noise="impulse", iters=FOREVER, **o),
    "scattered": lambda **o: dipcli.inpaint(NOISY, LOST, passes=1000, **o),
    "text": lambda **o: dipcli.inpaint(NOISY, TEXT, iters=FOREVER, **NARROW, **o),
    "text, filter": lambda **o: dipcli.inpaint(
        NOISY, TEXT, **{"iters": 2, "passes": 1000, **NARROW, **o}
    ),
    "large": lambda **o: dipcli.inpaint(NOISY, DISK, iters=FOREVER, **NARROW, **o),
    "superres": lambda **o: dipcli.superres(SMALL, 2, iters=FOREVER, **o),
    "superres, filter": lambda **o: dipcli.superres(SMALL, 2, iters=2, passes=1000, **o),
    "superres, repeats": lambda **o: dipcli.superres(
        SMALL, 4, iters=2, passes=1, repeats=1000, channels=(4, 4), **o
    ),
    "fit alone": lambda **o: dipcli.fit(SMALL, iters=FOREVER, targets=("natural", "noise"), **o),
    "tiles": lambda **o: dipcli.denoise(NOISY, 20, tile=32, iters=FOREVER, **NARROW, **o),
}


@pytest.fixture(scope="module", autouse=True)
def _warm() -> None:
    """The first step of a process takes longer than any other."""
    dipcli.denoise(NOISY, 20, method="dip", iters=1, runs=1, **NARROW)


@pytest.mark.parametrize("name", CASES)
def test_it_ends_in_time(name: str) -> None:
    result = CASES[name](time=BUDGET, device="cpu")
    assert result.seconds < MOST
    assert result.image.std() > 0
    assert not result.partial


def test_a_budget_is_used_and_its_end_is_told() -> None:
    result = CASES["fit"](time=BUDGET, device="cpu")
    assert result.seconds > BUDGET / 3
    assert result.notes["trust"]["why"] == "the time was up"
    assert result.stopped_at > 1


@pytest.mark.parametrize(("deadline", "passes"), [(49.0, 2), (51.0, 3), (61.0, 4), (9.0, 1)])
def test_another_pass_is_made_if_it_may_take_three_times_as_long(monkeypatch, deadline, passes):
    """Each takes 10 s here: after two, at 20, a third may last until 50."""
    now = [0.0]

    def filtering(y, *_):
        for index in range(9):
            now[0] += 10.0
            yield Step(index, 9, "filter", 0, y.new_zeros(()), y, y)

    monkeypatch.setattr("dipcli.stream.combinators.perf_counter", lambda: now[0])
    monkeypatch.setattr(denoising, "patch_filter", filtering)
    settings = resolve(DenoiseSettings, PRESETS, "auto").override(method="patches")
    y, cpu = torch.full((1, 1, 8, 8), 0.5), Runtime(torch.device("cpu"))
    remove = denoising.NoiseRemoval(np.inf, (), settings, cpu, deadline)
    assert len(list(remove(y, Noise(0.1)))) == passes


def test_what_is_doubtful_is_changed_by_no_more_than_the_limit(monkeypatch):
    def filtering(y, *_):
        yield Step(0, 1, "filter", 0, y.new_zeros(()), 1 - y, 1 - y)

    monkeypatch.setattr(denoising, "patch_filter", filtering)
    settings = resolve(DenoiseSettings, PRESETS, "auto").override(method="patches")
    y, cpu = torch.full((1, 1, 8, 8), 0.3), Runtime(torch.device("cpu"))
    damage = Damage("gaussian", Noise(0.01), 0.05)
    (step,) = denoising.denoised(y, damage, (), settings, cpu)
    assert step.estimate.unique().tolist() == pytest.approx([0.35])
