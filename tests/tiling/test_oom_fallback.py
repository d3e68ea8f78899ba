"""Out of memory: smaller and smaller tiles, said aloud; an error only at the end."""

import numpy as np
import pytest
import torch

from dipcli import tasks
from dipcli.api import restore
from dipcli.errors import MemoryLimitError, UsageError
from dipcli.presets.denoise import PRESETS, DenoiseSettings
from dipcli.stream.step import Runtime, Step
from dipcli.tiling import layout

CPU = Runtime(torch.device("cpu"))
IMAGE = np.random.default_rng(0).integers(0, 256, (400, 300), np.uint8)
ERRORS = [
    MemoryError(),
    torch.OutOfMemoryError("CUDA out of memory"),
    torch.OutOfMemoryError("the device has no room left"),
    RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
    RuntimeError("could not create a primitive"),
]


class Hungry(tasks.Task):
    """Runs out of memory at its second step if it is given more than `most` pixels at once."""

    name = "denoise"
    Settings = DenoiseSettings
    presets = PRESETS
    most = 0
    error: Exception = MemoryError()
    tried: list[tuple[int, ...]]

    def steps(self, settings, runtime):
        y = self.pixels.tensor(runtime.device)
        self.tried.append(y.shape[2:])
        for index in range(2):
            if index == 1 and y[0, 0].numel() > self.most:
                raise self.error
            yield Step(index, 2, "fit", 0, y.new_zeros(()), 1 - y, 1 - y)


def hungry(most: int, error: Exception = ERRORS[0]) -> Hungry:
    task = Hungry(IMAGE)
    task.most, task.error, task.tried = most, error, []
    return task


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: str(error)[:20])
def test_it_is_tried_again_in_smaller_tiles_and_said(error):
    task = hungry(256 * 256, error)
    seen = []
    result = restore(
        task, task.settings("auto"), CPU, [lambda step: seen.append((step.index, step.total))]
    )
    assert np.array_equal(result.image, 255 - IMAGE)
    assert task.tried[0] == (400, 300)
    assert result.notes["tile"] == 256
    assert result.gave_up == [
        "out of memory as a whole; restored in tiles of 384 pixels",
        "out of memory in tiles of 384 pixels; restored in tiles of 256 pixels",
    ]
    assert [index for index, _ in seen] == list(range(result.stopped_at))
    assert seen[-1][0] + 1 == seen[-1][1]


def test_a_budget_that_is_spent_by_then_still_gives_a_result():
    task = hungry(256 * 256)
    result = restore(task, task.settings("auto", time=1e-6), CPU)
    assert result.notes["tile"] == 256
    assert len(result.gave_up) == 3 and "the time was up" in result.gave_up[-1]


def test_the_error_comes_at_the_end_of_the_ladder():
    task = hungry(0)
    with pytest.raises(MemoryLimitError, match=r"300x400 in tiles of 192 pixels") as caught:
        restore(task, task.settings("auto"), CPU)
    assert caught.value.exit_code == 4
    assert len(task.tried) == 1 + sum(side < 400 for side in layout.SIDES)


def test_where_all_goes_well_nothing_is_said_and_nothing_is_cut():
    task = hungry(10**9)
    result = restore(task, task.settings("auto"), CPU)
    assert set(result.notes) == {"trust"} and result.gave_up == []
    assert task.tried == [(400, 300)]


def test_a_failure_that_is_none_of_memory_is_passed_on():
    task = hungry(0, RuntimeError("shapes do not match"))
    with pytest.raises(RuntimeError, match="shapes do not match"):
        restore(task, task.settings("auto"), CPU)
    assert len(task.tried) == 1


def test_a_curve_is_of_the_whole_picture(monkeypatch):
    task = tasks.fit(np.zeros((8, 8), np.uint8))
    with pytest.raises(UsageError, match="unknown setting 'tile'"):
        restore(task, task.settings("auto", tile=32), CPU)

    def full(settings, runtime):
        raise MemoryError
        yield

    monkeypatch.setattr(task, "steps", full)
    with pytest.raises(MemoryLimitError):
        restore(task, task.settings("auto"), CPU)
