"""Parts within parts, one after another: what is saved of them, and how they go on."""

import pytest
import torch

from dipcli.stream.resume import AttributeState, ResumeState
from dipcli.stream.step import Runtime


class Count(AttributeState):
    def __init__(self) -> None:
        self.value = 0


def counting(memory, name, limit):
    """Steps name0, name1, ...; the count is what changes."""
    count = Count()

    def steps(last):
        while count.value < limit:
            count.value += 1
            yield f"{name}{count.value - 1}"

    return memory.resumable(name, steps, count)


def twice(memory):
    """Two inner parts in one outer, which knows how many are done; then a part of its own."""
    done = Count()

    def steps(last):
        while done.value < 2:
            for step in counting(memory, "inner", 3):
                yield f"outer{done.value} {step}"
            done.value += 1

    yield from memory.resumable("outer", steps, done)
    yield from memory.resumable("numbers", numbers)


def numbers(last):
    return iter(range(0 if last is None else last + 1, 3))


WHOLE = list(twice(ResumeState()))


def test_the_parts_in_their_order():
    assert [f"outer{o} inner{i}" for o in range(2) for i in range(3)] + [0, 1, 2] == WHOLE


@pytest.mark.parametrize("at", range(len(WHOLE)))
def test_it_goes_on_with_the_last_step_of_what_was_over_and_at_hand(at):
    memory = ResumeState()
    steps = twice(memory)
    made = [next(steps) for _ in range(at + 1)]
    again = list(twice(ResumeState(memory.state_dict())))
    assert made == WHOLE[: at + 1]
    before = [WHOLE[5]] if at > 5 else []  # the outer part is over: its last step stands for it
    assert again == before + WHOLE[at:]


def test_what_an_earlier_part_led_to_is_forgotten_when_it_begins_anew():
    memory = ResumeState()
    list(twice(memory))
    assert list(memory.state_dict()["parts"]) == ["outer", "numbers"]
    again = twice(memory)
    next(again)
    assert list(memory.state_dict()["parts"]) == ["outer", "inner"]


def test_a_part_that_is_left_early_is_over():
    memory = ResumeState()
    steps = counting(memory, "inner", 3)
    next(steps)
    steps.close()
    assert list(counting(ResumeState(memory.state_dict()), "inner", 3)) == ["inner0"]


def test_what_is_kept_comes_back_once():
    memory = ResumeState()
    memory.register("count", Count()).value = 7
    later = ResumeState(memory.state_dict())
    assert later.register("count", Count()).value == 7
    assert later.register("count", Count()).value == 0


def test_seconds_add_up():
    first = ResumeState({"seconds": 10.0, "parts": {}})
    assert first.seconds == 10.0
    assert 10.0 <= ResumeState(first.state_dict()).seconds < 20.0


def test_seconds_of_this_process_are_added(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("dipcli.stream.resume.perf_counter", lambda: now[0])
    memory = ResumeState({"seconds": 10.0, "parts": {}})
    now[0] += 7.0
    assert memory.state_dict()["seconds"] == 17.0


def test_a_processor_is_looked_at_every_step_and_a_card_every_eighth():
    assert Runtime(torch.device("cpu")).looks() == 1
    assert Runtime(torch.device("cuda")).looks() == 8
    assert Runtime(torch.device("cuda"), every=3).looks() == 3
    assert Runtime(torch.device("cuda")).looks(deadline=1.0) == 1
