"""Model files, told apart by what is in them, never by their names.

    a torch.export program, .pt2     a zip archive with models/*.json
    TorchScript, .pt                 a zip archive with code/
    weights, .pth or .safetensors    of an architecture that is built in

A program is code: loading one runs what its maker wanted. Weights are read as numbers only.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Mapping

import torch
from torch import fx

from dipcli.classifiers import programs
from dipcli.classifiers.architectures import SIZE
from dipcli.classifiers.classifier import Classifier
from dipcli.classifiers.weights import advice, network_of
from dipcli.errors import ModelError

_OLD_WEIGHTS = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19"  # torch.save before version 1.6


def load(data: bytes, name: str = "the model") -> Classifier:
    """The model in a file's bytes; name: of the file, for messages. Raises ModelError."""
    try:
        if data[:4] == b"PK\x03\x04":
            return _archived(data, name)
        if data.startswith(_OLD_WEIGHTS):
            return _weights(_unpickled(data), name)
        if data[8:9] == b"{":
            return _weights(_safetensors(data), name)
    except ModelError as error:
        told = str(error)
        raise ModelError(told if told.startswith(name) else f"{name}: {told}") from error
    except (RuntimeError, ValueError, KeyError, OSError, EOFError, TypeError) as error:
        raise ModelError(f"{name}: is damaged; get an intact copy") from error
    raise ModelError(f"{name}: is no model; give a torch.export program, TorchScript, or {_some()}")


def _some() -> str:
    return f"weights: {advice()}"


def _archived(data: bytes, name: str) -> Classifier:
    """One of the three kinds of archive that PyTorch writes."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            inside = ["/".join(one.split("/")[1:]) for one in archive.namelist()]
    except zipfile.BadZipFile as error:
        raise ModelError("is damaged; get an intact copy") from error
    if any(one.startswith("models/") for one in inside):
        graph, size, channels = programs.exported(data)
        return Classifier("the torch.export program", graph, size, channels)
    if any(one.startswith("code/") for one in inside):
        graph, channels = programs.scripted(data)
        return Classifier("the TorchScript module", graph, None, channels)
    if "data.pkl" in inside:
        return _weights(_unpickled(data), name)
    raise ModelError("is an archive, but no model; save it with torch.export")


def _unpickled(data: bytes) -> Mapping[str, object]:
    """What torch.save wrote, if it is weights and nothing else."""
    try:
        found = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ModelError(
            "holds more than weights, which could be any code; save its state_dict() alone"
        ) from error
    if not isinstance(found, Mapping):
        raise ModelError(
            f"holds a {type(found).__name__}, and not weights by their names; "
            "save its state_dict() alone"
        )
    return found


def _safetensors(data: bytes) -> Mapping[str, object]:
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        return dict(load(data))
    except SafetensorError as error:
        raise ModelError("is damaged; get an intact copy") from error


def _weights(state: Mapping[str, object], name: str) -> Classifier:
    architecture, network = network_of(state, name)
    traced = fx.symbolic_trace(network)
    names, usual = architecture.names, (SIZE, SIZE)
    return Classifier(architecture.title, traced, None, 3, "imagenet", names, usual)
