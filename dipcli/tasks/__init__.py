"""What can be done with a picture: one file a task, and the table of all of them."""

from typing import Any

from dipcli.tasks.base import Task
from dipcli.tasks.denoise import Denoise
from dipcli.tasks.flash import Flash
from dipcli.tasks.inpaint import Inpaint
from dipcli.tasks.maximize import Maximize
from dipcli.tasks.parametrisation import Fit
from dipcli.tasks.preimage import Preimage
from dipcli.tasks.superres import SuperRes

__all__ = [
    "TASKS",
    "Task",
    "denoise",
    "fit",
    "flash",
    "inpaint",
    "maximize",
    "preimage",
    "superres",
]

TASKS: dict[str, type[Task[Any, Any]]] = {
    task.name: task for task in (Denoise, SuperRes, Inpaint, Fit, Flash, Preimage, Maximize)
}

denoise = Denoise.of
superres = SuperRes.of
inpaint = Inpaint.of
fit = Fit.of
flash = Flash.of
preimage = Preimage.of
maximize = Maximize.of


def __getattr__(name: str) -> object:
    """A task that was entered in the table later."""
    if name in TASKS:
        return TASKS[name].of
    raise AttributeError(f"module 'dipcli.tasks' has no attribute {name!r}")
