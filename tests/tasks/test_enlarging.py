"""What the filter is told of the picture that it gets: how wrong it may be."""

import numpy as np
import pytest
import torch

from dipcli import tasks
from dipcli.stream.step import Runtime
from dipcli.tasks.enlarging import expected_error

CPU = Runtime(torch.device("cpu"))
SMALL = np.zeros((8, 8, 3), np.uint8)


@pytest.mark.parametrize(
    ("method", "itself", "level"),
    [
        ("patches", True, 45.0),
        ("dip+patches", True, 30.0),
        ("zero-shot+patches", True, 15.0),
        ("zero-shot+patches", False, 10.0),
    ],
)
def test_the_error_that_the_filter_expects(method: str, itself: bool, level: float) -> None:
    """Of 255, by what explained the small picture; least where it was learnt from a result."""
    settings = tasks.superres(SMALL, scale=2).settings("auto", method=method)
    assert 255 * expected_error(settings, itself=itself) == pytest.approx(level)


@pytest.mark.parametrize(("project", "total"), [(True, 5 + 1 + 3), (False, 5)])
def test_a_step_tells_how_many_are_to_come(project: bool, total: int) -> None:
    given = {"method": "zero-shot+patches", "channels": (4, 4), "iters": 5, "passes": 3, "runs": 1}
    task = tasks.superres(SMALL + 90, scale=2)
    steps = task.steps(task.settings("auto", project=project, repeats=0, **given), CPU)
    counts = [(step.index, step.total) for step in steps]
    assert counts == [(index, total) for index in range(total)]
