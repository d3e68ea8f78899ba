"""A session on a little picture, served."""

import numpy as np
import pytest
from PIL import Image

from dipcli.batch.plan import Places, make_plan
from dipcli.batch.request import Request
from dipcli.observers import Interrupt
from dipcli.painting import Server, Session

SIZE = (24, 20)
QUICK = {"iters": 2, "runs": 1}


@pytest.fixture
def session(tmp_path):
    """An inpainting of photo.png with a mask to be painted, the result to be out.png."""
    levels = np.random.default_rng(0).integers(60, 200, (SIZE[1], SIZE[0], 3), np.uint8)
    Image.fromarray(levels).save(tmp_path / "photo.png")
    folder = tmp_path / "work"
    folder.mkdir()
    Image.new("L", SIZE).save(folder / "mask.png")
    request = Request(
        task="inpaint",
        device="cpu",
        preset="fast",
        overrides=QUICK,
        companions={"mask": folder / "mask.png"},
    )
    places = Places(inputs=[str(tmp_path / "photo.png")], output=str(tmp_path / "out.png"))
    plan = make_plan(places, request)
    return Session(plan.jobs[0], request, "mask", folder, Interrupt())


@pytest.fixture
def server(session):
    """The session, answering."""
    with Server(session) as served:
        yield served
