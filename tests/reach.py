"""Which functions a changed line changes: the one that it is in, or those that use its name."""

import ast
from collections.abc import Iterator
from pathlib import Path

Functions = dict[str, tuple[int, int]]  # by "file:Class.method", first and last line
Named = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class Sources:
    """The functions of a package, and which names each of them uses."""

    def __init__(self, package: Path) -> None:
        self.package = package
        self.lines: dict[str, Functions] = {}
        self.uses: dict[str, set[str]] = {}
        self.assigned: list[tuple[str, set[str]]] = []  # name in a module or class, what it is of
        self.places: list[tuple[str, str, int, int]] = []  # file, name, lines of that
        for path in sorted(package.rglob("*.py")):
            file = str(path.relative_to(package))
            self.lines[file] = {}
            for name, node in _definitions(ast.parse(path.read_text()), ""):
                self._add(file, name, node)

    def _add(self, file: str, name: str, node: ast.stmt) -> None:
        lines = (_first(node), node.end_lineno or node.lineno)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            key = f"{file}:{name}"
            self.lines[file][key] = lines
            self.uses[key] = _names(node)
            return
        for target in _targets(node):
            self.assigned.append((target, _names(node)))
            self.places.append((file, target, *lines))

    def changed(self, file: str, line: int) -> tuple[set[str], set[str]]:
        """The functions that a change of this line changes, as far as names tell, and the names
        of what it changes outside of functions."""
        inside = {key for key, (a, b) in self.lines[file].items() if a <= line <= b}
        if inside:
            return inside, set()
        names = {name for at, name, a, b in self.places if at == file and a <= line <= b}
        while True:
            more = {name for name, used in self.assigned if used & names} - names
            if not more:
                break
            names |= more
        return {key for key, used in self.uses.items() if used & names}, names


def _first(node: ast.stmt) -> int:
    decorators = getattr(node, "decorator_list", [])
    return min([node.lineno, *(one.lineno for one in decorators)])


def _definitions(tree: ast.AST, inside: str) -> Iterator[tuple[str, ast.stmt]]:
    """The functions, methods and assignments of a module, not what is within a function."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef):
            yield from _definitions(node, f"{inside}{node.name}.")
        elif isinstance(node, Named):
            yield f"{inside}{node.name}", node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            yield "", node
        elif isinstance(node, ast.If | ast.Try | ast.With):
            yield from _definitions(node, inside)


def _targets(node: ast.stmt) -> set[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", node)]
    return {one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)}


def _names(node: ast.AST) -> set[str]:
    """Every name and attribute in it."""
    names = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
    return names | {one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute)}
