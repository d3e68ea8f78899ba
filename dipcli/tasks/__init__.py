"""From a picture to (observation, operator, settings), and from the fit back to a picture."""

from dipcli.tasks.base import Task
from dipcli.tasks.denoise import denoise

__all__ = ["Task", "denoise"]
