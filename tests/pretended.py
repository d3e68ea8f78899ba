"""A device that is none: tensors that say they lie on it, and are computed on the CPU.

What a real device refuses is refused (tensors of two devices in one operation), and what makes a
program wait for it is noted: copies to the CPU, and numbers asked for.
"""

import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

DEVICE = torch.device("lazy", 0)  # a name that torch knows, without a backend of its own
aten = torch.ops.aten
CROSSING = (aten._to_copy.default, aten.copy_.default)


class There(Tensor):
    """A tensor on the device; inner: the same on the CPU."""

    inner: Tensor

    @staticmethod
    def __new__(cls, inner: Tensor) -> "There":
        made = Tensor._make_wrapper_subclass(
            cls,
            inner.size(),
            strides=inner.stride(),
            storage_offset=inner.storage_offset(),
            dtype=inner.dtype,
            device=DEVICE,
            requires_grad=False,
        )
        made.inner = inner
        return made

    def tolist(self) -> Any:
        """Its numbers, for which the device is waited for; torch has this for no other class."""
        return self.cpu().tolist()

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        raise AssertionError(f"{func} of a tensor on the device outside of `Pretending`")


class Pretending(TorchDispatchMode):
    """While it is entered, what is made on DEVICE lies there.

    waits: for each time that the program waited for the device, the operation and the line.
    mixed: for each operation on tensors of both places, the same.
    """

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[str] = []
        self.mixed: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        flat, _ = tree_flatten((args, kwargs))
        there = [one for one in flat if isinstance(one, There)]
        here = [one for one in flat if isinstance(one, Tensor) and not isinstance(one, There)]
        wanted = kwargs.get("device")
        to_device = wanted is not None and torch.device(wanted).type == DEVICE.type
        to_cpu = wanted is not None and not to_device
        if there and (to_cpu or func is aten._local_scalar_dense.default):
            self.waits.append(f"{func} {line()}")
        if there and any(one.ndim for one in here):
            if func is not aten.copy_.default:
                self.mixed.append(f"{func} {line()}")
            elif not isinstance(args[0], There):
                self.waits.append(f"{func} {line()}")
        if to_device:
            kwargs["device"] = torch.device("cpu")
        args, kwargs = tree_map(inner_of, (args, kwargs))
        found = func(*args, **kwargs)
        if to_cpu or not (there or to_device):
            return found
        if func is aten.copy_.default and not there:
            return found
        known = {id(one.inner): one for one in there}  # what was changed in place

        def on_device(one: Any) -> Any:
            if not isinstance(one, Tensor):
                return one
            return known[id(one)] if id(one) in known else There(one)

        return tree_map(on_device, found)


def inner_of(one: Any) -> Any:
    return one.inner if isinstance(one, There) else one


def line() -> str:
    """Where the program is: the innermost line of ours."""
    frame = sys._getframe(1)
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if "dipcli" in path.parts:
            place = path.parts[path.parts.index("dipcli") + 1 :]
            return f"{'/'.join(place)}:{frame.f_lineno} {frame.f_code.co_name}"
        frame = frame.f_back
    return "elsewhere"
