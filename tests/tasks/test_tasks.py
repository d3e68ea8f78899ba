"""Tasks: what they refuse, what they promise, and a tiny golden restoration of each."""

from itertools import islice

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio as psnr

from dipcli import tasks
from dipcli.degradation.noise import Noise
from dipcli.degradation.operators import Downsample
from dipcli.errors import MaskError, UsageError
from dipcli.presets.denoise import DenoiseSettings
from dipcli.presets.values import NAMES, described, resolve
from dipcli.stream.step import Runtime
from dipcli.tasks.denoising import network_share
from dipcli.tasks.fitting import target_picture
from dipcli.tasks.inpaint import geometry

CPU = Runtime(torch.device("cpu"))
FAST = {"channels": (16, 32, 32), "runs": 1}


def truth(size: int = 48) -> np.ndarray:
    y, x = np.mgrid[0:size, 0:size] / size
    disc = (x - 0.55) ** 2 + (y - 0.45) ** 2 < 0.08
    picture = np.stack([0.2 + 0.6 * x, 0.8 - 0.5 * y, np.where(disc, 0.9, 0.3)], axis=-1)
    return np.rint(255 * picture).astype(np.uint8)


def restored(task: tasks.Task, **overrides: object) -> np.ndarray:
    *_, step = task.steps(task.settings("auto", **{**FAST, **overrides}), CPU)
    return task.render(step.estimate)


def test_denoising_removes_most_of_the_noise():
    rng = np.random.default_rng(0)
    noisy = np.clip(truth() + rng.normal(0, 25, truth().shape), 0, 255).astype(np.uint8)
    clean = restored(tasks.denoise(noisy), iters=120)
    assert psnr(truth(), clean) > psnr(truth(), noisy) + 5


def test_inpainting_fills_the_lost_pixels_and_keeps_the_others_bit_for_bit():
    hole = np.random.default_rng(0).random(truth().shape[:2]) < 0.5
    damaged = truth()
    damaged[hole] = 0
    filled = restored(tasks.inpaint(damaged, hole), iters=120)
    assert np.array_equal(filled[~hole], damaged[~hole])
    assert psnr(truth()[hole], filled[hole]) > 25


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_known_pixels_survive_in_every_dtype(dtype):
    rng = np.random.default_rng(0)
    picture = rng.random((9, 11, 2)).astype(np.float32)
    image = (picture * 65535).astype(np.uint16) if dtype is np.uint16 else picture
    hole = rng.random((9, 11)) < 0.3
    filled = restored(tasks.inpaint(image, hole), iters=2)
    assert filled.dtype == image.dtype
    assert np.array_equal(filled[~hole], image[~hole])


@pytest.mark.parametrize(
    ("preset", "scale", "stages"),
    [
        ("auto", 2, "fit fusion filter"),
        ("auto", 8, "fit fusion filter"),
        ("fast", 4, "fit fusion filter"),
        ("fast", 8, "filter fit fusion"),
    ],
)
def test_enlarging_is_consistent_with_the_input(preset, scale, stages):
    operator = Downsample(scale)
    side = 96 // max(4, scale)
    task = tasks.superres(truth(side), scale=scale)
    assert task.output_shape == (side * scale, side * scale, 3)
    small = FAST if preset == "auto" else {}
    steps = list(task.steps(task.settings(preset, **{**small, "iters": 8}), CPU))
    assert list(dict.fromkeys(step.stage for step in steps)) == stages.split()
    assert [step.index for step in steps] == list(range(len(steps)))
    again = operator(steps[-1].estimate) - task.pixels.tensor(CPU.device)
    assert again.square().mean().sqrt() < 1 / 255


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_every_scale_gives_its_size(scale):
    image = np.full((3, 5), 128, np.uint8)
    assert restored(tasks.superres(image, scale=scale), iters=1).shape == (3 * scale, 5 * scale)


def test_fitting_draws_a_curve_for_each_target_and_gives_the_natural_picture():
    task = tasks.fit(truth(), targets=("noise", "natural", "shuffled", "noisy"))
    settings = task.settings("auto", channels=(16, 32, 32), iters=60)
    steps = list(task.steps(settings, CPU))
    assert [step.index for step in steps] == list(range(240))
    curves = steps[-1].notes["curves"]
    assert list(curves) == ["noise", "natural", "shuffled", "noisy"]
    end = {target: curve[-1][1] for target, curve in curves.items()}
    assert end["natural"] < end["noisy"] < end["shuffled"]
    assert end["natural"] < end["noise"]
    assert psnr(truth(), task.render(steps[-1].estimate)) > 20


def test_the_noise_found_is_told():
    noisy = np.clip(128 + np.random.default_rng(0).normal(0, 20, (64, 64)), 0, 255)
    task = tasks.denoise(noisy.astype(np.uint8))
    assert 255 * task.model.sigma == pytest.approx(20, rel=0.1)
    step = next(iter(task.steps(task.settings("fast", **FAST), CPU)))
    assert step.notes["sigma"] == pytest.approx(255 * task.model.sigma, abs=0.01)
    assert step.notes["sigma_given"] is False
    assert tasks.denoise(noisy.astype(np.uint8), sigma=7).options.sigma == 7


GRAY = np.full((8, 8), 99, np.uint8)
SOME = np.zeros((8, 8), bool)
SOME[2, 3] = True


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: tasks.denoise(GRAY, sigma=-1), UsageError),
        (lambda: tasks.denoise(GRAY, sigma=float("nan")), UsageError),
        (lambda: tasks.denoise(GRAY, sigma=256), UsageError),
        (lambda: tasks.denoise(GRAY, noise="salt"), UsageError),
        (lambda: tasks.superres(GRAY, scale=5), UsageError),
        (lambda: tasks.superres(GRAY).settings(kernel="sinc"), UsageError),
        (lambda: tasks.inpaint(GRAY, SOME[:4]), MaskError),
        (lambda: tasks.inpaint(GRAY, SOME.astype(np.uint8)), MaskError),
        (lambda: tasks.inpaint(GRAY, SOME & False), MaskError),
        (lambda: tasks.inpaint(GRAY, SOME | True), MaskError),
        (lambda: tasks.fit(GRAY, targets=("natural", "cat")), UsageError),
        (lambda: tasks.fit(GRAY, targets=()), UsageError),
        (lambda: tasks.denoise(GRAY).settings("nice"), UsageError),
        (lambda: tasks.denoise(GRAY).settings("auto", iterations=3), UsageError),
        (lambda: tasks.denoise(GRAY).settings("auto", iters=0), UsageError),
        (lambda: tasks.denoise(GRAY).settings("auto", iters=2.5), UsageError),
        (lambda: tasks.denoise(GRAY).settings("auto", net="cathedral"), UsageError),
        (lambda: tasks.denoise(GRAY).settings("auto", lr="fast"), UsageError),
        (lambda: tasks.denoise(GRAY).settings("auto", time=-1.0), UsageError),
        (lambda: tasks.denoise(GRAY).settings("auto", skip_channels=(1, 2)), UsageError),
        (lambda: tasks.denoise(GRAY).settings("auto", channels=()), UsageError),
        (lambda: tasks.denoise(GRAY).settings("auto", filter_up=2), UsageError),
    ],
)
def test_what_cannot_be_is_refused_in_one_line_before_the_first_step(make, error):
    with pytest.raises(error) as caught:
        make()
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_the_geometry_of_the_hole_is_told_from_the_mask():
    rng = np.random.default_rng(0)
    hole = {kind: np.zeros((256, 256), bool) for kind in ("text", "object", "large")}
    hole["scattered"] = rng.random((256, 256)) < 0.5
    hole["sparse"] = rng.random((256, 256)) < 0.98
    hole["text"][20:240:24, 10:240] = hole["text"][21:240:24, 10:240] = True
    hole["text"][22:240:24, 10:240] = True
    hole["object"][100:140, 100:150] = True
    hole["large"][40:200, 60:180] = True
    assert {geometry(mask) for mask in hole.values()} == set(hole)
    assert all(geometry(mask) == kind for kind, mask in hole.items())
    assert geometry(rng.random((256, 256)) < 0.02) == "scattered"


def test_a_kernel_given_to_the_task_replaces_the_presets():
    assert tasks.superres(GRAY).settings("auto").kernel == "bicubic"
    assert tasks.superres(GRAY).settings("paper").kernel == "lanczos2"
    assert tasks.superres(GRAY).settings("paper", kernel="box").kernel == "box"


def test_overrides_replace_one_field_and_leave_the_rest():
    task = tasks.inpaint(GRAY, SOME)
    plain = task.settings("paper")
    changed = task.settings("paper", upsample="bilinear", channels=[8, 8], iters=None, stop="auto")
    assert changed.upsample == ("bilinear",)
    assert changed.channels == (8, 8)
    assert (changed.iters, changed.stop, changed.lr) == (plain.iters, plain.stop, plain.lr)


@pytest.mark.parametrize("preset", NAMES)
@pytest.mark.parametrize("name", ["denoise", "superres", "inpaint", "fit", "flash"])
def test_every_value_of_a_preset_has_a_reason_and_resolves(name, preset):
    task = tasks.TASKS[name]
    rows = described(name, task.presets, preset)
    assert rows and all(row["reason"] for row in rows)
    for row in rows:
        settings = resolve(task.Settings, task.presets, preset, str(row["kind"]))
        assert settings.preset == preset
        assert getattr(settings, str(row["field"])) == row["value"]


def test_a_network_that_has_just_begun_hardly_counts():
    noisy = np.clip(truth() + np.random.default_rng(0).normal(0, 20, (48, 48, 3)), 0, 255)
    task = tasks.denoise(noisy.astype(np.uint8), sigma=20)
    settings = task.settings("auto", channels=(4, 8), runs=1, iters=50, details=False)
    steps = task.steps(settings, CPU)
    estimates = [(step.stage, step.estimate.clone()) for step in islice(steps, 6)]
    filtered = [e for stage, e in estimates if stage == "filter"][-1]
    begun = next(e for stage, e in estimates if stage == "fit")
    assert 0 < (begun - filtered).abs().max() < 2 * settings.blend / settings.iters


def test_a_filter_at_rest_leaves_gradients_on():
    steps = tasks.denoise(truth(), sigma=20).steps(DenoiseSettings(method="patches", passes=2), CPU)
    assert next(steps).stage == "filter"
    assert torch.is_grad_enabled()


def twice(**overrides):
    """The steps of a denoising that makes its result noisy again."""
    noisy = np.clip(truth() + np.random.default_rng(0).normal(0, 20, (48, 48, 3)), 0, 255)
    task = tasks.denoise(noisy.astype(np.uint8), sigma=20)
    settings = task.settings("best", channels=(4, 8), runs=1, iters=4, **overrides)
    return list(task.steps(settings, CPU))


def test_the_second_round_shows_the_first_result_until_the_last_step_corrects_it():
    once, both = twice(bootstrap=False), twice()
    assert len(both) == 2 * len(once) + 1
    result = once[-1].estimate
    assert all(torch.equal(step.estimate, result) for step in both[len(once) - 1 : -1])
    clean = torch.from_numpy(truth().transpose(2, 0, 1)[None] / 255)
    before, after = (float((x - clean).square().mean()) for x in (result, both[-1].estimate))
    assert after < 0.7 * before  # four steps are few: the network is found to be no good
    assert [step.index for step in both] == list(range(len(both)))
    assert {step.total for step in both} == {len(both)}
    assert both[-1].stage == "fusion"


def test_without_time_for_a_second_round_the_first_result_stays():
    steps = twice(time=1e-3)
    assert steps[-1].stage != "fusion"
    assert torch.isfinite(steps[-1].estimate).all()


def test_camera_noise_is_not_drawn_anew():
    """A small picture tells no covariance, and white noise would not be like its own."""
    task = tasks.denoise(truth(), noise="photo")
    settings = task.settings("best", channels=(4, 8), runs=1, iters=4)
    steps = list(task.steps(settings, CPU))
    assert len(steps) <= settings.passes + settings.iters


@pytest.mark.parametrize("preset", ["auto", "best"])
def test_a_picture_without_noise_comes_back_to_the_last_of_16_bits(preset):
    picture = np.random.default_rng(0).integers(0, 65536, (48, 48, 3)).astype(np.uint16)
    task = tasks.denoise(picture, sigma=0)
    *_, last = task.steps(task.settings(preset), CPU)
    assert np.array_equal(task.render(last.estimate), picture)


@pytest.mark.parametrize(("sigma", "share"), [(5, 0.2), (25, 1.0), (50, 1.0)])
def test_the_network_counts_for_less_where_there_is_little_noise(sigma, share):
    y = torch.full((1, 1, 32, 32), 0.5)
    assert network_share(Noise(sigma / 255), y) == pytest.approx(share, rel=0.01)


def test_the_targets_of_the_experiment():
    """noisy: sigma 25; shuffled: the same pixels; noise: uniform; each from the seed."""
    picture = torch.full((1, 3, 64, 64), 0.5)
    picture[..., :20, :] = 0.25
    noisy, shuffled, noise = (
        target_picture(target, picture, "pixels", [3]) for target in ("noisy", "shuffled", "noise")
    )
    assert 255 * (noisy - picture).std() == pytest.approx(25, rel=0.02)
    assert torch.equal(shuffled.flatten().sort().values, picture.flatten().sort().values)
    assert (shuffled != picture).float().mean() > 0.3
    assert 0 <= noise.min() < 0.01 and 0.99 < noise.max() <= 1
    assert not torch.equal(noisy, target_picture("noisy", picture, "pixels", [4]))
    assert target_picture("natural", picture, "pixels", [3]) is picture
