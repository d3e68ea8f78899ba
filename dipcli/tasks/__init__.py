"""From a picture to (observation, operator, settings), and from the fit back to a picture."""

from dipcli.tasks.base import Task
from dipcli.tasks.denoise import denoise
from dipcli.tasks.inpaint import inpaint
from dipcli.tasks.parametrisation import fit
from dipcli.tasks.superres import superres

__all__ = ["Task", "denoise", "fit", "inpaint", "superres"]
