"""The second round of a restoration: its noise, its time, and what it leaves of the first."""

import pytest
import torch

from dipcli.degradation.noise import Noise
from dipcli.learning import rounds
from dipcli.learning.rounds import bootstrapped
from dipcli.learning.zero_shot import network
from dipcli.stream.step import Runtime, Step

CPU = torch.device("cpu")
NOISE = Noise(0.1)
Y = torch.full((1, 3, 24, 24), 0.5)


def observed(seed: int, deadline: float | None = None) -> tuple[list[torch.Tensor], list[Step]]:
    """What each round was given, and the steps; the estimate is always the same gray."""
    given: list[torch.Tensor] = []

    def mixing(y, parts):
        given.append(y)
        parts["one"] = parts["other"] = Y
        for index in range(2):
            yield Step(index, 2, "fit", 0, Y.new_zeros(()), Y, Y)

    steps = list(bootstrapped(mixing, Y, NOISE, Runtime(CPU, seed), deadline))
    return given, steps


def test_the_noise_drawn_is_of_the_seed_and_not_that_of_the_networks_input():
    (first, drawn), _ = observed(7)
    assert first is Y
    assert torch.equal(drawn, observed(7)[0][1])
    assert not torch.equal(drawn, observed(8)[0][1])
    of_input = NOISE.drawn(Y, torch.Generator().manual_seed(7))
    assert not torch.equal(drawn, of_input)
    assert drawn.std().item() == pytest.approx(0.1, rel=0.05)


def test_steps_are_counted_through_and_the_last_one_corrects():
    _, steps = observed(0)
    assert [(step.index, step.total) for step in steps] == [(n, 5) for n in range(5)]
    assert [step.stage for step in steps] == ["fit"] * 4 + ["fusion"]


@pytest.mark.parametrize(("deadline", "rounds_made"), [(None, 2), (19.0, 1), (21.0, 2)])
def test_a_second_round_is_begun_if_there_is_time_for_as_long_a_one(
    deadline, rounds_made, monkeypatch
):
    """The first takes 10 s here, by two looks at the clock."""
    times = iter((0.0, 10.0))
    monkeypatch.setattr(rounds, "perf_counter", lambda: next(times))
    assert len(observed(0, deadline)[0]) == rounds_made


def test_what_learns_to_enlarge_finds_nothing_lacking_at_first():
    net = network(3, (8, 8), torch.Generator().manual_seed(0))
    assert torch.equal(net(torch.rand(1, 3, 9, 9)), torch.zeros(1, 3, 9, 9))
