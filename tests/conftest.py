"""What tests of several rooms share: small pictures, the standard pictures, and few threads."""

import contextlib
import os
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Tiny pictures are fastest on one thread, and the tests run as two processes."""
    torch.set_num_threads(1)
    os.environ["OMP_NUM_THREADS"] = "1"  # of what the tests start


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
