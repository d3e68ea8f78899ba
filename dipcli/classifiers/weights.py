"""From a file of weights to the network that they are of, found from their names and shapes."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from dipcli.classifiers.architectures import ARCHITECTURES, Architecture
from dipcli.errors import ModelError

_LAST = "classifier.6.weight"  # its rows are the classes


def network_of(state: Mapping[str, object], name: str) -> tuple[Architecture, nn.Module]:
    """The network with these weights, in evaluation mode, and its architecture.

    state: what a weight file holds; name: of the file, for messages. Raises ModelError that says
    what does not fit, or which file to get.
    """
    tensors = {key: value for key, value in state.items() if isinstance(value, Tensor)}
    misfits = {one.title: _misfits(tensors, one) for one in ARCHITECTURES}
    nearest = min(ARCHITECTURES, key=lambda one: len(misfits[one.title]))
    found = misfits[nearest.title]
    if not found:
        with torch.device("meta"):  # nothing is drawn, nothing allocated twice
            network = nearest.build(_classes(tensors))
        network.load_state_dict({key: value.float() for key, value in tensors.items()}, assign=True)
        return nearest, network.eval()
    if len(found) >= len(_shapes(nearest)):  # not a single one fits
        first = next(iter(tensors), "nothing")
        raise ModelError(
            f"{name}: holds weights, but not of {_titles()} (first comes {first}); {advice()}"
        )
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    raise ModelError(
        f"{name}: is not {nearest.title}, which it resembles most: {found[0]}{more}; {advice()}"
    )


def advice() -> str:
    """Which files can be had."""
    files = ", ".join(f"{one.file} ({one.title})" for one in ARCHITECTURES)
    return f"get one of torchvision's {files}, or save your network with torch.export"


def _titles() -> str:
    *most, last = (one.title for one in ARCHITECTURES)
    return f"{', '.join(most)} or {last}"


def _classes(tensors: Mapping[str, Tensor]) -> int:
    last = tensors.get(_LAST)
    return last.shape[0] if last is not None and last.ndim == 2 else 1000


def _shapes(architecture: Architecture, classes: int = 1000) -> dict[str, torch.Size]:
    """What a weight file of this architecture holds; nothing is allocated."""
    with torch.device("meta"):
        state = architecture.build(classes).state_dict()
    return {key: value.shape for key, value in state.items()}


def _misfits(tensors: Mapping[str, Tensor], architecture: Architecture) -> list[str]:
    """What does not fit, in words."""
    wanted = _shapes(architecture, _classes(tensors))
    found = []
    for key, shape in wanted.items():
        if key not in tensors:
            found.append(f"{key} is missing")
        elif tensors[key].shape != shape:
            found.append(f"{key} is {_size(tensors[key].shape)} and not {_size(shape)}")
    return found + [f"{key} is too much" for key in tensors if key not in wanted]


def _size(shape: torch.Size) -> str:
    return "x".join(map(str, shape)) or "a number"
