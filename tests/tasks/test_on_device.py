"""On a device that is none: nothing lies elsewhere than where it is used, and no pass waits."""

import contextlib
from functools import cache

import numpy as np
import pytest
import torch
from pretended import DEVICE, Pretending

from dipcli import tasks
from dipcli.api import Result, restore
from dipcli.degradation.projection import conjugate_gradients
from dipcli.pictures.coding import CHROMA, LUMA, JpegCoding, scaled
from dipcli.stream.step import Runtime

NOISY = np.random.default_rng(0).integers(60, 190, (24, 32, 3), dtype=np.uint8)
SCATTERED = np.random.default_rng(1).random((24, 32)) < 0.5
HOLE = np.zeros((24, 32), bool)
HOLE[6:11, 8:14] = True
LARGE = np.zeros((24, 32), bool)
LARGE[6:18, 6:22] = True
CODING = JpegCoding((scaled(LUMA, 20), scaled(CHROMA, 20), scaled(CHROMA, 20)), (2, 2))
NET = {"channels": (4, 8), "skip_channels": 0, "input_depth": 4}
CASES = {
    "filter": (lambda: tasks.denoise(NOISY, sigma=25), {"method": "patches"}),
    "camera": (lambda: tasks.denoise(NOISY, noise="photo"), {"method": "patches"}),
    "fit": (lambda: tasks.denoise(NOISY, sigma=25), {**NET, "runs": 2}),
    "jpeg": (lambda: tasks.denoise(NOISY, noise="jpeg", coding=CODING), {}),
    "x2": (lambda: tasks.superres(NOISY[:12, :16], scale=2, as_is=True), {"channels": (8, 8)}),
    "object": (lambda: tasks.inpaint(NOISY, HOLE, as_is=True), NET),
    "scattered": (lambda: tasks.inpaint(NOISY, SCATTERED, as_is=True), {}),
    "large": (lambda: tasks.inpaint(NOISY, LARGE, as_is=True), {}),
    "flash": (lambda: tasks.flash(NOISY, NOISY[::-1].copy()), {"method": "patches"}),
}


def done(name: str, device: torch.device, **more: object) -> Result:
    make, settings = CASES[name]
    task = make()
    has_network = "iters" in task.settings("auto").to_dict()
    few = {"iters": 4} if has_network else {}
    return restore(task, task.settings("auto", **{**settings, **few, **more}), Runtime(device, 0))


@pytest.fixture(scope="module")
def on_device():
    """`done` on the device: the result and what was noted; no backend, hence no autocast."""

    def tensor(data, *, device=None, really=torch.tensor, **given):  # which asks no mode
        made = really(data, **given)
        return made if device is None else made.to(device)

    @cache
    def call(name: str, passes: int) -> tuple[Result, Pretending]:
        with pytest.MonkeyPatch.context() as patch, Pretending() as noted:
            patch.setattr(torch, "autocast", lambda *args, **given: contextlib.nullcontext())
            patch.setattr(torch, "tensor", tensor)
            return done(name, DEVICE, passes=passes), noted

    return call


@pytest.mark.parametrize("name", CASES)
def test_all_is_made_where_it_is_used(name, on_device):
    there, noted = on_device(name, 2)
    assert noted.mixed == []
    here = done(name, torch.device("cpu"), passes=2)
    assert np.abs(there.image.astype(int) - here.image).max() <= 1
    # The last passes move a picture by a twentieth of a level: no more than rounding
    assert np.allclose(there.history, here.history, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_no_pass_waits_for_the_device(name, on_device):
    few, many = (on_device(name, passes)[1].waits for passes in (2, 4))
    assert len(many) <= len(few) + 1, many  # one more look at losses


def test_what_waits_is_noted():
    with Pretending() as noted:
        x = torch.ones(3, device=DEVICE)
        assert float((2 * x).sum()) == 6
        assert torch.equal(x.cpu(), torch.ones(3))
        assert x.tolist() == [1, 1, 1]
        assert noted.mixed == []
        x + torch.ones(3)
    assert len(noted.waits) == 3
    assert len(noted.mixed) == 1


def test_conjugate_gradients_stay_where_they_have_come():
    """After as many steps as there are unknowns, with and without looking."""
    matrix = torch.tensor([[4.0, 1, 0], [1, 3, 1], [0, 1, 2]])
    b = torch.tensor([1.0, 2, 3])
    here = conjugate_gradients(lambda v: matrix @ v, b, 30)
    with Pretending() as noted:
        moved = matrix.to(DEVICE)
        there = conjugate_gradients(lambda v: moved @ v, b.to(DEVICE), 30).cpu()
    assert torch.allclose(matrix @ here, b, atol=1e-5)
    assert torch.equal(there, here)
    assert len(noted.waits) == 1
