"""A state as bytes and back: safetensors for what is in tensors, JSON for how they belong together.

Nothing is executed on the way back: besides plain values only the few classes listed here are
made. A tensor comes back with its values, strides and device; one that stood in two places stands
in both again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy
import torch
from numpy.typing import NDArray
from torch import Tensor

from dipcli.errors import CheckpointError
from dipcli.prior.ensemble import Mean
from dipcli.prior.stopping import Average, HoldOut, LastStep, WindowedVariance
from dipcli.stream.step import Step

FORMAT = "dip checkpoint 1"
_CLASSES = {one.__name__: one for one in (Average, HoldOut, LastStep, Mean, Step, WindowedVariance)}
_TEXT = "state"  # the array that holds the JSON; the others have numbers for names
_PLAIN = (bool, int, float, str, type(None))
Arrays = dict[str, NDArray[Any]]


def encode(state: object, facts: Mapping[str, str]) -> bytes:
    """The file that holds `state`: plain values, tensors, arrays, and containers of them.

    facts: what the state belongs to, see `facts_of`. Raises TypeError for any other class.
    """
    arrays: Arrays = {}
    text = json.dumps(_packed(state, arrays, {})).encode()
    arrays[_TEXT] = np.frombuffer(text, np.uint8)
    metadata = {"format": FORMAT, "facts": json.dumps(dict(facts))}
    metadata["sha256"] = _digest(metadata, arrays)
    return safetensors.numpy.save(arrays, metadata)


def facts_of(data: bytes) -> dict[str, str] | None:
    """What the state in a file belongs to; None if it is not a checkpoint.

    Raises CheckpointError if its first part is damaged.
    """
    if FORMAT.encode() not in data:
        return None
    facts: dict[str, str] = json.loads(_metadata(data)["facts"])
    return facts


def decode(data: bytes) -> Any:
    """The state that `encode` was given; raises CheckpointError for damaged data."""
    metadata = _metadata(data)
    try:
        arrays = safetensors.numpy.load(data)
    except safetensors.SafetensorError as error:
        raise CheckpointError("it is damaged") from error
    if metadata.pop("sha256") != _digest(metadata, arrays):
        raise CheckpointError("it is damaged")
    return _unpacked(json.loads(arrays[_TEXT].tobytes()), arrays, {})


def _metadata(data: bytes) -> dict[str, str]:
    """The texts in the head of a safetensors file: its length, then JSON."""
    end = 8 + int.from_bytes(data[:8], "little")
    try:
        metadata: dict[str, str] = json.loads(data[8:end])["__metadata__"]
        json.loads(metadata["facts"]), metadata["sha256"]
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError("it is damaged") from error
    return metadata


def _digest(metadata: Mapping[str, str], arrays: Arrays) -> str:
    whole = hashlib.sha256()
    for name in sorted(metadata):
        whole.update(f"{name}={metadata[name]}\0".encode())
    for name in sorted(arrays):
        array = arrays[name]
        whole.update(f"{name}: {array.dtype} {array.shape}\0".encode())
        whole.update(array.reshape(-1).view(np.uint8).data)
    return whole.hexdigest()


def _packed(value: Any, arrays: Arrays, known: dict[int, Any]) -> Any:
    """The value as JSON, its tensors among `arrays`; known: what stands there by identity."""
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, list):
        return [_packed(one, arrays, known) for one in value]
    if isinstance(value, tuple):
        return {"tuple": [_packed(one, arrays, known) for one in value]}
    if isinstance(value, Mapping):
        return {"dict": [[_packed(one, arrays, known) for one in item] for item in value.items()]}
    if isinstance(value, Tensor | np.ndarray):
        if id(value) not in known:
            known[id(value)] = _stored(value, arrays)
        return known[id(value)]
    if type(value) in _CLASSES.values():
        return {"class": type(value).__name__, "of": _packed(vars(value), arrays, known)}
    raise TypeError(f"a checkpoint cannot hold {type(value).__name__}")


def _stored(value: Tensor | NDArray[Any], arrays: Arrays) -> dict[str, Any]:
    name = str(len(arrays))
    if isinstance(value, np.ndarray):
        arrays[name] = np.ascontiguousarray(value).reshape(value.shape)
        return {"array": name}
    if 0 in value.stride():  # expanded: its values share their place
        value = value.contiguous()
    arrays[name] = value.detach().cpu().contiguous().numpy()
    return {"tensor": name, "stride": list(value.stride()), "device": str(value.device)}


def _unpacked(node: Any, arrays: Arrays, known: dict[str, Any]) -> Any:
    """The value of a JSON node; known: tensors and arrays that were made already."""

    def made(name: str, make: Callable[[], Any]) -> Any:
        if name not in known:
            known[name] = make()
        return known[name]

    match node:
        case list():
            return [_unpacked(one, arrays, known) for one in node]
        case {"tuple": items}:
            return tuple(_unpacked(one, arrays, known) for one in items)
        case {"dict": items}:
            return {
                _unpacked(key, arrays, known): _unpacked(one, arrays, known) for key, one in items
            }
        case {"tensor": name}:
            return made(name, lambda: _tensor(arrays[name], node["stride"], node["device"]))
        case {"array": name}:
            return made(name, lambda: arrays[name].copy())
        case {"class": name, "of": attributes}:
            value = object.__new__(_CLASSES[name])
            vars(value).update(_unpacked(attributes, arrays, known))
            return value
    return node


def _tensor(values: NDArray[Any], stride: list[int], device: str) -> Tensor:
    """A tensor that lies in memory as the one that was stored."""
    whole = torch.from_numpy(values)
    return torch.empty_strided(whole.shape, stride, dtype=whole.dtype, device=device).copy_(whole)
