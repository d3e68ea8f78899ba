"""Restore one picture from itself: Deep Image Prior (Ulyanov et al., CVPR 2018).

    result = dipcli.denoise(image)          # result.image: dtype and layout of the input
    for step in dipcli.steps(dipcli.tasks.denoise(image), preset="fast"): ...

Importing this package does not import torch; using one of its functions does.
"""

TYPE_CHECKING = False  # as typing has it, which takes long to load: Ctrl-C may come meanwhile
if TYPE_CHECKING:
    from collections.abc import Callable

    from dipcli import errors, tasks
    from dipcli.api import Result, steps
    from dipcli.lessons import learn

    denoise: Callable[..., Result]
    fit: Callable[..., Result]
    flash: Callable[..., Result]
    inpaint: Callable[..., Result]
    maximize: Callable[..., Result]
    preimage: Callable[..., Result]
    superres: Callable[..., Result]

__version__ = "0.2.0"

__all__ = [
    "Result",
    "__version__",
    "denoise",
    "errors",
    "fit",
    "flash",
    "inpaint",
    "learn",
    "maximize",
    "preimage",
    "steps",
    "superres",
    "tasks",
]

_MODULES = ("errors", "tasks")


def __getattr__(name: str) -> object:
    """Import on first use (PEP 562)."""
    from importlib import import_module

    if name in _MODULES:
        return import_module(f"dipcli.{name}")
    if name in ("Result", "steps"):
        return getattr(import_module("dipcli.api"), name)
    if name == "learn":
        return import_module("dipcli.lessons").learn
    if not name.startswith("_") and name in import_module("dipcli.tasks").TASKS:
        return import_module("dipcli.api").restoration(name)
    raise AttributeError(f"module 'dipcli' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
