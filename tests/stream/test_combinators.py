"""Streams of steps: what time is left, how steps are counted on, what they are told to know."""

from collections.abc import Iterator

import pytest
import torch

from dipcli.stages import FitSettings
from dipcli.stream import combinators
from dipcli.stream.combinators import (
    deadline_of,
    filter_steps,
    following,
    remaining,
    until_deadline,
    with_facts,
)
from dipcli.stream.resume import ResumeState
from dipcli.stream.step import Runtime, Step

PICTURE = torch.zeros(1, 1, 2, 2)
SPENT = Runtime(torch.device("cpu"), resume=ResumeState({"seconds": 30.0, "parts": {}}))


@pytest.fixture
def clock(monkeypatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(combinators, "perf_counter", lambda: now[0])
    return now


def counted(count: int) -> Iterator[Step]:
    for index in range(count):
        yield Step(index, count, "fit", 0, torch.zeros(()), PICTURE, PICTURE, notes={"a": index})


def test_what_was_spent_before_counts(clock):
    settings = FitSettings(time=100.0)
    assert deadline_of(settings, SPENT) == 1070.0
    assert deadline_of(settings, Runtime(torch.device("cpu"))) == 1100.0
    assert deadline_of(FitSettings(), SPENT) is None
    clock[0] = 1020.0
    assert remaining(settings, 1070.0, SPENT).time == pytest.approx(80.0)  # 50, and 30 before
    assert remaining(settings, None, SPENT) is settings
    clock[0] = 2000.0
    assert 30.0 < remaining(settings, 1070.0, SPENT).time < 30.01


@pytest.mark.parametrize(
    ("deadline", "longer", "count"),
    [(1019.0, 1.0, 1), (1021.0, 1.0, 2), (1039.0, 3.0, 1), (1041.0, 3.0, 2), (None, 1.0, 9)],
)
def test_a_step_is_begun_if_it_may_end_in_time(clock, deadline, longer, count):
    """The first takes 10 s, each next one as well."""

    def slow() -> Iterator[Step]:
        for step in counted(9):
            clock[0] += 10.0
            yield step

    assert len(list(until_deadline(slow(), deadline, longer))) == count


def test_steps_are_counted_on_from_another():
    before = list(counted(3))[-1]
    found = [(step.index, step.total) for step in following(before, counted(2))]
    assert found == [(3, 5), (4, 5)]


def test_facts_stand_below_what_a_step_knows_itself():
    (step,) = with_facts(counted(1), a=7, b=8)
    assert step.notes == {"a": 0, "b": 8}


def test_a_filter_moves_by_its_loss_and_goes_on_where_it_was():
    def estimates(reached):
        made = 0 if reached is None else reached[0]
        return (PICTURE + number for number in range(made + 1, 4))

    steps = list(filter_steps(estimates, PICTURE, 3, ResumeState()))
    assert [(step.index, step.total, step.stage) for step in steps] == [
        (0, 3, "filter"),
        (1, 3, "filter"),
        (2, 3, "filter"),
    ]
    assert [step.loss.item() for step in steps] == [1.0, 1.0, 1.0]
    assert torch.equal(steps[-1].estimate, PICTURE + 3)
