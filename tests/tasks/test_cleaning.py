"""What is enlarged or filled is restored on the way, where it is certain that it needs to be."""

import io

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data
from skimage.metrics import peak_signal_noise_ratio as psnr

from dipcli import api, tasks
from dipcli.degradation.damage import Damage
from dipcli.degradation.noise import Noise
from dipcli.pictures.coding import standard
from dipcli.stream.step import Runtime
from dipcli.tasks.arrays import Pixels, Window
from dipcli.tasks.cleaning import FEWEST_PIXELS, STAGE, Cleaning, known_windows

CPU = Runtime(torch.device("cpu"))
FILTER = {"method": "patches", "passes": 2}  # no network
CODING = standard(20)  # of `coded`


def small(picture: np.ndarray, times: int) -> np.ndarray:
    height, width = picture.shape[:2]
    size = width // times, height // times
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC))


def noisy(picture: np.ndarray, sigma: float = 15) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, sigma, picture.shape)
    return np.clip(np.rint(picture + noise), 0, 255).astype(np.uint8)


def coded(picture: np.ndarray) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=20)
    return np.asarray(Image.open(file))


TRUTH = data.astronaut()[40:168, 140:268]
SMALL = small(TRUTH, 2)


def enlarged(picture: np.ndarray, **options: object) -> api.Result:
    task = tasks.superres(picture, scale=2, **options)
    return api.restore(task, task.settings("fast", **FILTER), CPU)


@pytest.mark.parametrize(
    ("damaged", "coding", "kind", "gain"),
    [(noisy(SMALL), None, "gaussian", 1.5), (coded(SMALL), CODING, "jpeg", 0.3)],
)
def test_a_small_picture_is_restored_before(damaged, coding, kind, gain):
    before, after = enlarged(damaged, as_is=True), enlarged(damaged, coding=coding)
    assert psnr(TRUTH, after.image) > psnr(TRUTH, before.image) + gain
    assert (after.notes["noise"], after.notes["restored"]) == (kind, True)
    assert "noise" not in before.notes
    assert "warning" not in after.notes["trust"]


@pytest.mark.parametrize("sigma", [0, 2])
def test_a_clean_or_doubtful_one_stays_as_it_is(sigma):
    picture = noisy(SMALL, sigma)
    before, after = enlarged(picture, as_is=True), enlarged(picture)
    assert after.image.tobytes() == before.image.tobytes()
    assert after.notes["restored"] is False
    assert after.stopped_at == before.stopped_at


@pytest.mark.parametrize("side", [8, 32])
def test_a_tiny_picture_is_not_harmed(side):
    picture = noisy(small(TRUTH, 128 // side), 10)
    assert enlarged(picture).image.tobytes() == enlarged(picture, as_is=True).image.tobytes()


SURE, DOUBTFUL = Damage("gaussian", Noise(0.1)), Damage("gaussian", Noise(0.1), limit=0.02)


@pytest.mark.parametrize(
    ("damage", "side", "restored"),
    [
        (SURE, 48, True),
        (SURE, 47, False),
        (DOUBTFUL, 200, False),
        (Damage("jpeg", Noise(0.0), coding=CODING), 16, True),  # a file says it itself
    ],
)
def test_what_is_too_small_to_tell_or_doubtful_is_left(damage, side, restored):
    cleaning = Cleaning.of_damage(damage, Pixels.of(np.full((side, 60, 3), 0.5, np.float32)))
    assert cleaning.needed is restored
    assert cleaning.facts["restored"] is restored


@pytest.mark.parametrize("scale", [2, 4])
def test_the_steps_are_counted_through(scale):
    task = tasks.superres(noisy(SMALL[:48, :56], 30), scale=scale)
    settings = task.settings("fast", channels=(4, 4), iters=3, passes=2)
    steps = list(task.steps(settings, CPU))
    assert steps[0].stage == STAGE
    assert [step.index for step in steps] == list(range(len(steps)))
    assert {step.total for step in steps} == {len(steps)}
    assert {step.estimate.shape[2:] for step in steps} == {(48 * scale, 56 * scale)}


def test_what_was_published_is_left_alone():
    task = tasks.superres(noisy(SMALL), scale=4)
    step = next(task.steps(task.settings("paper", channels=(4, 4), skip_channels=2), CPU))
    assert step.stage == "fit"
    assert "noise" not in step.notes
    task = tasks.inpaint(noisy(TRUTH), letters())
    assert task.cleaning.needed
    step = next(task.steps(task.settings("paper", channels=(4, 4), skip_channels=0), CPU))
    assert step.stage == "fit"
    assert "noise" not in step.notes


def letters() -> np.ndarray:
    hole = np.zeros((128, 128), bool)
    hole[90:96, 10:120] = True
    return hole


@pytest.mark.parametrize(
    ("damage", "coding", "kind"), [(noisy, None, "gaussian"), (coded, CODING, "jpeg")]
)
def test_a_hole_continues_no_damage_and_what_is_known_stays_bit_for_bit(damage, coding, kind):
    truth, hole = data.coffee()[100:228, 150:278], letters()
    damaged = damage(truth)
    filled = {}
    for as_is in (False, True):
        task = tasks.inpaint(damaged, hole, coding=coding, as_is=as_is)
        result = api.restore(task, task.settings("fast", method="patches", passes=4), CPU)
        assert np.array_equal(result.image[~hole], damaged[~hole])
        assert result.notes.get("noise") == (None if as_is else kind)
        filled[as_is] = result.image[hole]
    assert psnr(truth[hole], filled[False]) > psnr(truth[hole], filled[True]) + 0.1


def test_scattered_losses_are_filled_as_they_are():
    picture = noisy(SMALL)
    hole = np.random.default_rng(0).random(picture.shape[:2]) < 0.5
    results = []
    for as_is in (False, True):
        task = tasks.inpaint(picture, hole, as_is=as_is)
        results.append(api.restore(task, task.settings("fast", passes=4), CPU).image)
    assert results[0].tobytes() == results[1].tobytes()


def test_what_is_known_is_told_from_windows_without_a_hole():
    picture = np.arange(128 * 128, dtype=np.float32).reshape(128, 128, 1) / 128**2
    known = known_windows(picture, letters())
    assert known is not None
    assert known.size >= FEWEST_PIXELS
    assert not set(known.ravel()) & set(picture[letters()].ravel())
    assert known_windows(picture, np.ones((128, 128), bool)) is None
    hole = np.ones((128, 128), bool)
    hole[:64, :64] = False
    assert known_windows(picture, hole) is None, "one window of 64 tells too little"
    hole[64:, :64] = False
    known = known_windows(picture, hole)
    assert known is not None and known.shape == (128, 64, 1)


def test_a_part_has_the_damage_of_the_whole():
    task = tasks.superres(coded(TRUTH), scale=2, coding=CODING)
    assert task.part(Window(20, 60, 13, 60)).cleaning.damage.coding == CODING.at(20, 13)
