"""A trained network as a chain of named layers, which can be cut after each of them."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, fx

from dipcli.classifiers.programs import PATH
from dipcli.errors import ModelError, UsageError

_COMPUTES = ("call_function", "call_module", "call_method")
_GUARDS = "_guards_fn"  # a node of exported programs that looks at shapes and gives nothing
_NEAREST = 3  # names that an error tells


@dataclass(frozen=True, eq=False)
class Classifier:
    """What is known of a model.

    title: what it is; graph: its operations in order; size: the only (H, W) of a picture that it
    takes, None for any; usual: the one that it was trained on, where known; channels: of that
    picture; normalize: what its pictures undergo, as `features.parse` takes it; papers: names of
    layers in the papers -> those of modules.
    """

    title: str
    graph: fx.GraphModule
    size: tuple[int, int] | None
    channels: int
    normalize: str = "none"
    papers: Mapping[str, str] = field(default_factory=dict)
    usual: tuple[int, int] | None = None

    def layers(self) -> dict[str, fx.Node]:
        """Every name of a layer, and the operation that gives it: the last one of a module.

        The names of the papers first, then modules, then single operations.
        """
        modules: dict[str, fx.Node] = {}
        operations: dict[str, fx.Node] = {}
        for node in self.graph.graph.nodes:
            if node.op not in _COMPUTES or node.name == _GUARDS:
                continue
            operations[node.name] = node
            called = [str(node.target)] if node.op == "call_module" else []
            for path in [*node.meta.get(PATH, []), *called]:
                modules[path] = node
        named = {name: modules[path] for name, path in self.papers.items() if path in modules}
        return {**operations, **modules, **named}

    def find(self, layer: str) -> fx.Node:
        """The operation that gives this layer; ModelError with the nearest names."""
        found = self.layers()
        if layer in found:
            return found[layer]
        near = difflib.get_close_matches(layer, found, _NEAREST, 0.4) or list(found)[:_NEAREST]
        raise ModelError(
            f"{self.title} has no layer {layer!r}; did you mean {' or '.join(near)}? "
            "--list-layers shows all"
        )

    def upto(self, layer: str) -> fx.GraphModule:
        """The part that gives this layer: (1, C, H, W), normalised -> its features."""
        last = self.find(layer)
        graph = fx.Graph()
        copies: dict[fx.Node, fx.Node] = {}
        for node in self.graph.graph.nodes:
            copies[node] = graph.node_copy(node, lambda one: copies[one])
            if node is last:
                break
        graph.output(copies[last])
        part = fx.GraphModule(self.graph, graph)
        return part.requires_grad_(False)

    def listing(self, size: tuple[int, int]) -> list[dict[str, object]]:
        """All layers in order: name, other names, and shape for a picture of `size`.

        Raises UsageError if it cannot take a picture of this size.
        """
        names: dict[fx.Node, list[str]] = {}
        for name, node in reversed(self.layers().items()):  # the names of the papers first
            names.setdefault(node, []).append(name)
        recorder = _Shapes(self.graph)
        picture = torch.zeros(1, self.channels, *size)
        with torch.no_grad(), told(self.title, size):
            recorder.run(picture)
        return [
            {"layer": names[node][0], "shape": list(shape), "also": names[node][1:]}
            for node, shape in recorder.shapes.items()
            if node in names
        ]


class _Shapes(fx.Interpreter):
    """Runs a graph, and remembers the shape of what each operation gave, without the batch."""

    def __init__(self, graph: fx.GraphModule) -> None:
        super().__init__(graph)
        self.shapes: dict[fx.Node, tuple[int, ...]] = {}

    def run_node(self, n: fx.Node) -> Any:
        """One operation."""
        found = super().run_node(n)
        if isinstance(found, Tensor):
            self.shapes[n] = tuple(found.shape[1:])
        return found


@contextmanager
def told(title: str, size: tuple[int, int]) -> Iterator[None]:
    """Turn what a model raises for a picture of (H, W) = `size` into a UsageError.

    Memory that runs out is no fault of the model.
    """
    try:
        yield
    except (RuntimeError, AssertionError, ValueError, TypeError) as error:
        if "memory" in str(error):
            raise
        first = str(error).strip().partition("\n")[0][:160]
        raise UsageError(
            f"{title} does not take a picture of {size[1]}x{size[0]} ({first}); give another --size"
        ) from error
