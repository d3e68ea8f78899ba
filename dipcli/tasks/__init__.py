"""What can be done with a picture: one file a task, and the table of all of them."""

from typing import Any

from dipcli.tasks.base import Task
from dipcli.tasks.denoise import Denoise, denoise
from dipcli.tasks.inpaint import Inpaint, inpaint
from dipcli.tasks.parametrisation import Fit, fit
from dipcli.tasks.superres import SuperRes, superres

__all__ = ["TASKS", "Task", "denoise", "fit", "inpaint", "superres"]

TASKS: dict[str, type[Task[Any]]] = {task.name: task for task in (Denoise, SuperRes, Inpaint, Fit)}
