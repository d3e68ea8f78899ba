"""The change test for a network: a level class and an entry in the table are all that it takes."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import dipcli
from dipcli import architecture, tasks
from dipcli.api import restore
from dipcli.errors import UsageError
from dipcli.observers.packing import decode, encode
from dipcli.prior.networks.layers import Block, enlarge
from dipcli.stream.resume import ResumeState
from dipcli.stream.step import Runtime

FEW = {"method": "dip", "net": "tiny", "channels": (4, 8), "runs": 1, "iters": 8}
NOISY = np.random.default_rng(0).integers(60, 190, (20, 28, 3), dtype=np.uint8)


class TinyLevel(nn.Module):
    """One level of an hourglass: reduced, restored by the coarser levels, enlarged."""

    def __init__(self, settings: architecture.NetworkSettings, inputs: int, level: int = 0) -> None:
        """`inputs` channels come in at this level; 0 is full resolution."""
        super().__init__()
        down, pad = settings.channels[level], settings.padding
        last = level == settings.levels - 1
        wider = down if last else settings.per_level("up_channels")[level + 1]
        self.down = Block(inputs, down, 3, padding=pad, stride=2)
        self.inner = nn.Identity() if last else TinyLevel(settings, down, level + 1)
        self.up = Block(wider, settings.per_level("up_channels")[level], 3, padding=pad)

    def forward(self, x: Tensor) -> Tensor:
        """(1, inputs, H, W) -> (1, up, H, W)."""
        up: Tensor = self.up(enlarge(self.inner(self.down(x)), "nearest"))
        return up


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one line that a new network costs outside its own file."""
    entry = architecture.Architecture(f"{__name__}:TinyLevel")
    monkeypatch.setitem(architecture.NETWORKS, "tiny", entry)


@pytest.mark.usefixtures("tiny")
def test_it_restores(monkeypatch):
    made: list[int] = []
    begin = TinyLevel.__init__

    def counting(self, settings, inputs, level=0):
        made.append(level)
        begin(self, settings, inputs, level)

    monkeypatch.setattr(TinyLevel, "__init__", counting)
    result = dipcli.denoise(NOISY, sigma=25, device="cpu", **FEW)
    assert made == [0, 1]
    assert result.settings.net == "tiny"
    assert result.image.shape == (20, 28, 3) and result.image.dtype == np.uint8
    losses = [loss for _, loss in result.history]
    assert len(losses) == 8
    assert losses[-1] < 0.9 * losses[0]


def test_an_unknown_one_is_refused_with_the_names_that_there_are():
    with pytest.raises(UsageError, match=r"net is 'tiny'; choose from slim, skip, .*pixels$"):
        dipcli.denoise(NOISY, sigma=25, device="cpu", **FEW)


@pytest.mark.usefixtures("tiny")
def test_it_is_among_the_names_once_it_is_entered():
    with pytest.raises(UsageError, match=r"net is 'huge'; choose from slim, skip, .*, tiny$"):
        dipcli.denoise(NOISY, sigma=25, device="cpu", **{**FEW, "net": "huge"})


@pytest.mark.usefixtures("tiny")
def test_it_goes_on_bit_for_bit():
    task = tasks.denoise(NOISY, sigma=25)
    settings = task.settings("auto", **FEW)
    runtime = Runtime(torch.device("cpu"))
    saved: list[bytes] = []
    whole = restore(
        task,
        settings,
        runtime,
        [lambda step: saved.append(encode(runtime.resume.state_dict(), {}))],
    )
    for at in (0, 4):
        state = ResumeState(decode(saved[at]))
        again = restore(task, settings, Runtime(torch.device("cpu"), resume=state))
        assert again.image.tobytes() == whole.image.tobytes()
        assert again.history == whole.history
