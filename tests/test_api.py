"""The public API: what goes in comes out alike, and nothing else is touched."""

import copy
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

import dipcli
from dipcli.api import restore, runtime_for
from dipcli.errors import DeviceError, MemoryLimitError, UsageError
from dipcli.stream.resume import ResumeState
from dipcli.stream.step import Runtime

TINY = {"channels": (4, 8), "input_depth": 4, "iters": 3, "runs": 2, "device": "cpu"}


def picture(shape: tuple[int, ...] = (17, 31, 3), dtype: type = np.uint8) -> np.ndarray:
    values = np.random.default_rng(0).random(shape)
    if np.issubdtype(dtype, np.floating):
        return values.astype(dtype)
    return (values * np.iinfo(dtype).max).astype(dtype)


def test_importing_the_package_does_not_import_torch():
    code = "import sys, dipcli; dipcli.errors, dipcli.__version__; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_exactly_the_promised_names_are_exported():
    assert set(dipcli.__all__) == {
        "Result", "__version__", "denoise", "errors", "fit", "flash", "inpaint", "learn",
        "maximize", "preimage", "steps", "superres", "tasks",
    }  # fmt: skip
    assert dir(dipcli) == sorted(dipcli.__all__)
    assert all(getattr(dipcli, name) for name in dipcli.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'sharpen'"):
        _ = dipcli.sharpen


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("shape", [(17, 31), (17, 31, 1), (16, 8, 3), (9, 5, 5), (1, 1), (1, 7, 3)])
def test_results_have_the_dtype_and_layout_of_the_input(dtype, shape):
    image = picture(shape, dtype)
    given = image.copy()
    result = dipcli.denoise(image, **TINY)
    assert result.image.dtype == dtype and result.image.shape == shape
    assert np.array_equal(image, given)
    assert np.isfinite(result.image).all()


def test_every_task_returns_a_whole_record():
    hole = np.zeros((17, 31), bool)
    hole[4:6, 4:20] = True
    results = [
        dipcli.denoise(picture(), sigma=10, **TINY),
        dipcli.superres(picture(), scale=2, **TINY),
        dipcli.inpaint(picture(), hole, **TINY),
        dipcli.fit(picture(), **TINY),
    ]
    assert [r.image.shape[0] for r in results] == [17, 34, 17, 17]
    for result in results:
        assert [index for index, _ in result.history] == list(range(result.stopped_at))
        assert all(np.isfinite(loss) for _, loss in result.history)
        assert result.seconds > 0 and not result.partial
        assert result.settings.channels == (4, 8) and result.settings.preset == "auto"
    spread = results[0].spread
    assert spread is not None and spread.shape == (17, 31) and spread.dtype == np.float32


@pytest.mark.parametrize("task", ["denoise", "superres", "inpaint", "fit"])
def test_the_same_seed_gives_the_same_bytes_whatever_came_before(task):
    hole = np.random.default_rng(1).random((17, 31)) < 0.3
    more = {"inpaint": (hole,)}.get(task, ())
    method = {"method": "dip"} if task == "inpaint" else {}
    run = getattr(dipcli, task)
    alone = run(picture(), *more, **TINY, **method).image
    dipcli.denoise(picture((8, 9)), **TINY)
    torch.rand(5)
    assert run(picture(), *more, **TINY, **method).image.tobytes() == alone.tobytes()
    assert run(picture(), *more, seed=1, **TINY, **method).image.tobytes() != alone.tobytes()


def test_steps_can_be_walked_and_left():
    task = dipcli.tasks.denoise(picture())
    both = TINY | {"runs": 1, "method": "patches+dip"}
    steps = list(dipcli.steps(task, preset="fast", **both))
    assert [step.index for step in steps] == list(range(len(steps)))
    assert [step.stage for step in steps if step.stage == "fit"] == ["fit"] * 3
    assert task.render(steps[0].estimate).shape == (17, 31, 3)
    final = dipcli.denoise(picture(), preset="fast", **both).image
    assert np.array_equal(task.render(steps[-1].estimate), final)


def test_observers_see_every_step_and_may_end_the_run_with_the_best_so_far():
    seen = []

    def watch(step):
        seen.append(step.index)
        if step.index == 3:
            raise KeyboardInterrupt

    task = dipcli.tasks.denoise(picture())
    settings = task.settings("auto", channels=(4, 8), iters=50)
    result = restore(task, settings, runtime_for("cpu"), [watch])
    assert seen == [0, 1, 2, 3]
    assert result.partial and result.stopped_at == 4
    assert result.image.shape == (17, 31, 3)


def test_an_interrupt_before_the_first_step_is_passed_on(monkeypatch):
    task = dipcli.tasks.denoise(picture())

    def interrupted(settings, runtime):
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(task, "steps", interrupted)
    with pytest.raises(KeyboardInterrupt):
        restore(task, task.settings(), runtime_for("cpu"))


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
    ],
)
def test_running_out_of_memory_is_told_with_a_way_out(monkeypatch, error):
    task = dipcli.tasks.denoise(picture())

    def hungry(settings, runtime):
        raise error
        yield

    monkeypatch.setattr(task, "steps", hungry)
    with pytest.raises(MemoryLimitError, match=r"31x17.*--channels") as caught:
        restore(task, task.settings(), runtime_for("cpu"))
    assert caught.value.exit_code == 4


def test_other_failures_are_not_taken_for_a_lack_of_memory(monkeypatch):
    task = dipcli.tasks.denoise(picture())

    def broken(settings, runtime):
        raise RuntimeError("shapes do not match")
        yield

    monkeypatch.setattr(task, "steps", broken)
    with pytest.raises(RuntimeError, match="shapes do not match"):
        restore(task, task.settings(), runtime_for("cpu"))


def test_bad_requests_fail_before_the_first_step():
    with pytest.raises(DeviceError):
        dipcli.denoise(picture(), device="cuda:77")
    with pytest.raises(UsageError, match="seed"):
        dipcli.denoise(picture(), seed=-1)
    with pytest.raises(UsageError, match="unknown setting"):
        dipcli.steps(dipcli.tasks.denoise(picture()), chanels=(1,))


def test_the_time_budget_is_kept():
    result = dipcli.denoise(picture((64, 64)), device="cpu", time=1.0, iters=100_000, patience=9999)
    assert result.seconds < 20.0  # all of the steps would take minutes


def test_a_runtime_says_where_and_how_precisely():
    runtime = runtime_for("cpu", 3)
    assert isinstance(runtime, Runtime)
    assert (runtime.device.type, runtime.seed) == ("cpu", 3)
    assert runtime.amp in (None, torch.bfloat16)


PICTURE = np.full((12, 16, 3), 0.5, np.float32)
HOLED = np.ma.masked_where(PICTURE > 1, PICTURE)
NOT_ALL = PICTURE.copy()
NOT_ALL[2, 3, 1] = NOT_ALL[5, 1, 0] = np.nan

WRONG = [
    (lambda: dipcli.superres(PICTURE, scale=2.0), "scale is 2.0, a float; .* whole number .int.:"),
    (lambda: dipcli.superres(PICTURE, scale="2"), "scale is '2', a str; .* whole number .int.:"),
    (lambda: dipcli.denoise(PICTURE, sigma="25"), "sigma is '25', a str; it must be a number"),
    (lambda: dipcli.denoise(PICTURE, seed="1"), "seed is '1', a str; it must be a whole number"),
    (lambda: dipcli.denoise(PICTURE, seed=1.0), "seed is 1.0, a float; it must be a whole number"),
    (lambda: dipcli.denoise(np.moveaxis(PICTURE, -1, 0)), r"moveaxis\(image, 0, -1\)"),
    (lambda: dipcli.denoise(HOLED), r"a masked array would lose its mask; .*dipcli\.inpaint"),
    (lambda: dipcli.denoise(NOT_ALL), r"2 of 192 pixels are not numbers .* image\[2, 3\]"),
]


@pytest.mark.parametrize(("call", "words"), WRONG, ids=[words[:12] for _, words in WRONG])
def test_a_slip_of_the_pen_is_a_usage_error_that_says_what_to_give(call, words):
    with pytest.raises(UsageError, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_numbers_of_numpy_are_numbers():
    quick = {"preset": "fast", "passes": 1}
    assert dipcli.denoise(PICTURE, sigma=np.float32(25), seed=np.int64(1), **quick).image.shape
    assert dipcli.tasks.superres(PICTURE, scale=np.int64(2)).scale == 2


def test_what_was_seen_before_an_interruption_is_neither_shown_nor_counted_again():
    task = dipcli.tasks.denoise(picture())
    settings = task.settings("auto", channels=(4, 8), input_depth=4, iters=4, runs=2, passes=1)
    kept = []

    def keep(step):
        kept.append(copy.deepcopy(runtime.resume.state_dict()))

    runtime = runtime_for("cpu")
    alone = restore(task, settings, runtime, [keep])
    runtime, shown = replace(runtime, resume=ResumeState(kept[2])), []
    resumed = restore(task, settings, runtime, [lambda step: shown.append(step.index)])
    assert shown == list(range(3, alone.stopped_at))
    assert resumed.history == alone.history


def test_losses_that_wait_for_the_device_are_all_in_the_history_in_the_end(monkeypatch):
    more = TINY | {"iters": 7, "runs": 1, "passes": 1}
    at_once = dipcli.denoise(picture(), **more)
    monkeypatch.setattr(Runtime, "looks", lambda *_: 99)  # as on a GPU
    later = dipcli.denoise(picture(), **more)
    assert len(later.history) == later.stopped_at == at_once.stopped_at
    assert later.history == at_once.history
