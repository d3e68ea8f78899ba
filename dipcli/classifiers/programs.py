"""Programs that PyTorch saved, as graphs of single operations that can be cut anywhere.

A `torch.export` program holds such a graph. Of TorchScript one is made, operation by operation,
since nothing hooks into a compiled module; what branches or loops is refused.
"""

from __future__ import annotations

import io
import warnings
from typing import Any

import torch
from torch import Tensor, fx

from dipcli.errors import ModelError

PATH = "module_path"  # of a node's meta: the module that it belongs to, where known
_LISTS = {"prim::ListConstruct": list, "prim::TupleConstruct": tuple}


def exported(data: bytes) -> tuple[fx.GraphModule, tuple[int, int] | None, int]:
    """The graph of a `torch.export` program, the only (H, W) that it takes or None, its channels.

    Raises whatever PyTorch does for a file that is damaged, and ModelError.
    """
    program = torch.export.load(io.BytesIO(data))
    module = program.module()
    if not isinstance(module, fx.GraphModule):
        raise ModelError("has no graph; save it with torch.export")
    takes = [one for one in module.graph.nodes if one.op == "placeholder"]
    shape = tuple(getattr(takes[0].meta.get("val"), "shape", ())) if len(takes) == 1 else ()
    if len(shape) != 4 or shape[0] != 1 or not isinstance(shape[1], int):
        raise ModelError("does not take one picture, (1, C, H, W); export it with such an example")
    for one in module.graph.nodes:
        stack = one.meta.get("nn_module_stack", {})
        one.meta[PATH] = [path for path, _ in stack.values() if path]
    fixed = isinstance(shape[2], int) and isinstance(shape[3], int)
    return module, (shape[2], shape[3]) if fixed else None, shape[1]


def scripted(data: bytes) -> tuple[fx.GraphModule, int]:
    """The graph of a TorchScript module, and the channels that it takes.

    Only its weights say what the module was that an operation belongs to. Raises whatever PyTorch
    does for a file that is damaged, and ModelError.
    """
    with warnings.catch_warnings():  # TorchScript gives way to torch.export, but files stay
        warnings.filterwarnings("ignore", r".*torch\.jit", DeprecationWarning)
        loaded = torch.jit.load(io.BytesIO(data), map_location="cpu").eval()  # type: ignore[no-untyped-call]
        frozen = torch.jit.freeze(loaded, optimize_numerics=False)
    named = [*loaded.named_parameters(), *loaded.named_buffers()]
    paths = {one.data_ptr(): name.rpartition(".")[0] for name, one in named}
    return _Translation(paths).of(frozen.graph)


class _Translation:
    """From a graph of TorchScript to one of torch.fx, operation by operation."""

    def __init__(self, paths: dict[int, str]) -> None:
        """paths: the modules by where their weights lie in memory."""
        self.paths = paths
        self.root = torch.nn.Module()
        self.graph = fx.Graph()
        self.values: dict[str, Any] = {}  # by TorchScript's names: nodes, lists of them, constants
        self.channels = 0  # that the first convolution takes

    def of(self, script: Any) -> tuple[fx.GraphModule, int]:
        """The whole of it, and the channels of the picture."""
        takes = [one for one in script.inputs() if str(one.type()) == "Tensor"]
        if len(takes) != 1:
            raise ModelError(f"takes {len(takes)} tensors, and not one picture")
        self.values[takes[0].debugName()] = self.graph.placeholder("x")
        for one in script.nodes():
            self.add(one)
        self.graph.output([self.values[one.debugName()] for one in script.outputs()])
        return fx.GraphModule(self.root, self.graph), self.channels or 3

    def add(self, one: Any) -> None:
        """One more operation."""
        inputs = [self.values.get(given.debugName()) for given in one.inputs()]
        outputs = [given.debugName() for given in one.outputs()]
        if one.kind() == "prim::Constant":
            self.values[outputs[0]] = self.constant(one.output().toIValue())
        elif one.kind() in _LISTS:
            self.values[outputs[0]] = _LISTS[one.kind()](inputs)
        elif one.kind().startswith("aten::") and len(outputs) == 1:
            self.values[outputs[0]] = self.operation(one, inputs)
        else:
            raise ModelError(f"uses {one.kind()}, which is not followed; save it with torch.export")

    def constant(self, value: Any) -> Any:
        """A tensor becomes a buffer of the module."""
        if not isinstance(value, Tensor):
            return value
        name = f"constant{len(list(self.root.buffers()))}"
        self.root.register_buffer(name, value.detach())
        node = self.graph.get_attr(name)
        node.meta[PATH] = [self.paths[value.data_ptr()]] if value.data_ptr() in self.paths else []
        return node

    def operation(self, one: Any, inputs: list[Any]) -> fx.Node:
        """A call of the same operation of PyTorch."""
        name, _, overload = one.schema().partition("(")[0].removeprefix("aten::").partition(".")
        call = getattr(getattr(torch.ops.aten, name), overload or "default")
        told = list(zip(call._schema.arguments, inputs, strict=False))
        given = tuple(value for argument, value in told if not argument.kwarg_only)
        named = {argument.name: value for argument, value in told if argument.kwarg_only}
        node = self.graph.create_node("call_function", call, given, named, name.strip("_"))
        held = [v for v in inputs if isinstance(v, fx.Node) and v.op == "get_attr"]
        node.meta[PATH] = [path for value in held for path in value.meta[PATH]][:1]
        if "conv" in name and held and not self.channels:
            groups = next((value for argument, value in told if argument.name == "groups"), 1)
            self.channels = getattr(self.root, str(held[0].target)).shape[1] * groups
        return node
