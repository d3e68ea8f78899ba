"""When the state of a run is saved, and what is done with what stands in its place."""

import time

import pytest
import torch

from dipcli.errors import OutputError
from dipcli.observers import Checkpoint, Interrupt
from dipcli.stream.step import Step

FACTS = {"input": "1", "seed": "0"}
STEP = Step(0, 9, "fit", 0, *(torch.zeros(()) for _ in range(3)))


@pytest.fixture
def clock(monkeypatch):
    """Seconds of the clock that saving goes by, as a list of one."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def checkpoint(path, interrupt=None, facts=FACTS, replace=False):
    told = []
    made = Checkpoint(
        path, facts, replace=replace, interrupt=interrupt or Interrupt(), note=told.append
    )
    return made, told


def test_it_saves_every_half_minute(tmp_path, clock):
    saving, _ = checkpoint(tmp_path / "c")
    begun = clock[0]
    for later, there in ((0, False), (29, False), (31, True), (60, False), (62, True)):
        clock[0] = begun + later
        saving(STEP)
        assert (tmp_path / "c").exists() is there, later
        if there:
            saving.remove()
            assert not (tmp_path / "c").exists()
            saving, _ = checkpoint(tmp_path / "c")


def test_it_saves_at_once_after_a_signal_and_is_gone_on_from(tmp_path, clock):
    interrupt = Interrupt()
    saving, _ = checkpoint(tmp_path / "c", interrupt)
    saving(STEP)
    assert not (tmp_path / "c").exists()
    interrupt.signum = 2
    saving(STEP)
    again, told = checkpoint(tmp_path / "c")
    assert told == [f"going on from {tmp_path / 'c'}, 0 s in"]
    again.remove()
    assert list(tmp_path.iterdir()) == []


def test_a_run_of_another_seed_is_refused(tmp_path, clock):
    interrupt = Interrupt()
    interrupt.signum = 2
    checkpoint(tmp_path / "c", interrupt)[0](STEP)
    before = (tmp_path / "c").read_bytes()
    with pytest.raises(OutputError, match="of a run with another seed"):
        checkpoint(tmp_path / "c", facts={**FACTS, "seed": "1"})
    _, told = checkpoint(tmp_path / "c", facts={**FACTS, "seed": "1"}, replace=True)
    assert told == [] and (tmp_path / "c").read_bytes() == before
