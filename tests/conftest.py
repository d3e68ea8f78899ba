"""What tests of several rooms share: small pictures, the standard pictures, and few threads."""

import contextlib
import os
import signal
import warnings
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from mass import running
from numpy.typing import NDArray
from warm import Warm

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Tiny pictures are fastest on one thread, and the tests run as two processes."""
    torch.set_num_threads(1)
    os.environ["OMP_NUM_THREADS"] = "1"  # of what the tests start


@pytest.fixture(scope="session", autouse=True)
def _warm_starts() -> None:
    """What the scripts of `mass` start does not import torch anew each time."""
    running.how["start"] = Warm


@pytest.fixture(scope="session", autouse=True)
def _signals_heard() -> None:
    """What the tests start hears its signals, also where they run under nohup or behind "&"."""
    hear_signals()


def hear_signals() -> None:
    """Undo what whoever started this process has it ignore; children inherit it."""
    with contextlib.suppress(ValueError):  # not in the main thread
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if hasattr(signal, "SIGHUP"):
            signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of standard pictures; tests that need it are skipped where it is not."""
    if not DATA.is_dir():
        pytest.skip("the standard pictures are not beside this repository (../shared/data)")
    return DATA


def small_picture(height: int = 32, width: int = 40, seed: int = 0) -> NDArray[np.uint8]:
    """(H, W, 3) uint8: smooth colours, a hard edge and a disk, as in a picture."""
    y, x = np.mgrid[0:height, 0:width]
    rng = np.random.default_rng(seed)
    colours = rng.uniform(60, 200, (3, 3))
    picture = colours[0] + (colours[1] - colours[0]) * (x / width)[..., None]
    picture[(x + 2 * y) > 1.2 * width] = colours[2]
    picture[(x - width / 3) ** 2 + (y - height / 3) ** 2 < (height / 5) ** 2] = 230
    return np.round(picture).astype(np.uint8)


@pytest.fixture(scope="session")
def draw() -> Callable[..., NDArray[np.uint8]]:
    """A function (height, width, seed) -> a small colour picture, (H, W, 3) uint8."""
    return small_picture


class SmallNetwork(torch.nn.Module):
    """Four convolutions and a linear layer with fixed random weights; 16 units at its end."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3, 24, 32, 48, 64)
        layers: list[torch.nn.Module] = []
        for number, (inputs, outputs) in enumerate(pairwise(widths)):
            layers += [torch.nn.Conv2d(inputs, outputs, 3, padding=1), torch.nn.ReLU(inplace=True)]
            layers += [torch.nn.MaxPool2d(2)] if number in (1, 2) else []
        self.features = torch.nn.Sequential(*layers)
        self.fc = torch.nn.Linear(widths[-1], 16)
        generator = torch.Generator().manual_seed(1)
        for one in self.parameters():
            fan = one[0].numel() if one.ndim > 1 else one.numel()
            torch.nn.init.normal_(one, 0, (2 / fan) ** 0.5, generator=generator)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(self.features(x).mean((2, 3)))


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One small network as files: any.pt2 takes any size, fixed.pt2 (1, 3, 32, 40) alone,
    script.pt and trace.pt are TorchScript."""
    folder = tmp_path_factory.mktemp("models")
    network, example = SmallNetwork().eval(), torch.rand(1, 3, 32, 40)
    sizes = {2: torch.export.Dim("height", min=16), 3: torch.export.Dim("width", min=16)}
    torch.export.save(torch.export.export(network, (example,)), folder / "fixed.pt2")
    any_size = torch.export.export(network, (example,), dynamic_shapes=(sizes,))
    torch.export.save(any_size, folder / "any.pt2")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r".*torch\.jit", DeprecationWarning)
        torch.jit.save(torch.jit.script(network), folder / "script.pt")
        torch.jit.save(torch.jit.trace(network, example), folder / "trace.pt")
    torch.save(network.state_dict(), folder / "other.pth")
    torch.save(network.features, folder / "pickled.pth")
    return {path.name: path for path in folder.iterdir()}
