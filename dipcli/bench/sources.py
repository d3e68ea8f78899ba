"""What decides a result: the cell's process, and every module of ours that it imports.

Found by reading the imports, those within functions too: a list kept by hand forgets.
"""

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import dipcli

ROOT = Path(dipcli.__file__).parent
CELL = "dipcli.bench.cell"


def code(root: Path = ROOT) -> str:
    """A digest of the sources that decide a result, as they are now; root: of the package."""
    digest = hashlib.sha256()
    for source in deciding(root):
        digest.update(source.relative_to(root).as_posix().encode() + source.read_bytes())
    return digest.hexdigest()[:16]


@cache
def deciding(root: Path = ROOT) -> tuple[Path, ...]:
    """The files of all modules that the cell imports, directly or not, in order."""
    found: dict[str, Path] = {}
    waiting = [CELL]
    while waiting:
        name = waiting.pop()
        path = _file(root, name)
        if name in found or path is None:
            continue
        found[name] = path
        waiting += [name.rpartition(".")[0], *_imported(path.read_text())]
    return tuple(sorted(found.values()))


def _file(root: Path, name: str) -> Path | None:
    """The source of a module of ours; None for other names."""
    package, *inner = name.split(".")
    if package != "dipcli":
        return None
    place = root.joinpath(*inner)
    files = (place / "__init__.py", place.with_suffix(".py"))
    return next((path for path in files if path.is_file()), None)


def _imported(source: str) -> Iterator[str]:
    """Every name that may be a module among what a source imports or names."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and str(node.value).startswith("dipcli."):
            yield str(node.value).partition(":")[0]  # as a table names a module
