"""pytest in a forked process: what is dear to import is there already, `dipcli` is imported anew.

Beside pass or fail it tells of each test how long it took and which functions of `dipcli` it ran:
by that `tests.mutants` knows which tests can notice a change.
"""

import importlib
import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

SLOW_TO_IMPORT = ("torch", "torch._dynamo", "skimage.metrics", "skimage.restoration")
SLOW_TO_IMPORT += ("scipy.sparse.csgraph", "scipy.sparse.linalg", "scipy.stats", "skimage.util")
SLOW_TO_IMPORT += ("PIL.Image", "imagecodecs", "tifffile", "rich.console")
PROCESS = "a process"  # among the functions of a test that starts one: what that runs is not seen


class Tracer:
    """A plugin that notes seconds and functions of each test that passed."""

    def __init__(self, package: Path) -> None:
        self.package = f"{package}{os.sep}"
        self.found: dict[str, tuple[float, list[str]]] = {}
        self.known: dict[Any, str] = {}
        self.seen: set[Any] = set()

    def __call__(self, frame: FrameType, event: str, argument: object) -> None:
        if event == "call":
            self.seen.add(frame.f_code)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Any:
        self.seen, began = set(), time.process_time() + os.times().children_user
        threading.setprofile(self)
        sys.setprofile(self)
        try:
            return (yield)
        finally:
            sys.setprofile(None)
            threading.setprofile(None)  # type: ignore[arg-type]
            seconds = time.process_time() + os.times().children_user - began
            names = {name for code in self.seen if (name := self.name(code))}
            self.found[item.nodeid] = (round(seconds, 3), sorted(names))

    def name(self, code: Any) -> str:
        """A function as `tests.reach` calls it: its file, and the outermost function or method."""
        if code not in self.known:
            name = ""
            if code.co_filename.startswith(self.package):
                outermost = code.co_qualname.split(".<locals>")[0]
                name = f"{code.co_filename.removeprefix(self.package)}:{outermost}"
            elif code.co_qualname == "Popen.__init__":
                name = PROCESS
            self.known[code] = name
        return self.known[code]


class Order:
    """A plugin that runs tests in the order in which they are named."""

    def __init__(self, tests: Sequence[str]) -> None:
        self.places = {test: place for place, test in enumerate(tests)}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda one: self.places.get(one.nodeid, 0))


def warm() -> None:
    """Import what is slow to import, and nothing that is changed."""
    for name in SLOW_TO_IMPORT:
        importlib.import_module(name)


def run(tree: Path, arguments: Sequence[str], plugin: object, limit: float, told: Path) -> int:
    """The exit code of pytest in `tree`, in a process of its own; -1 if it takes over `limit` s.

    told: the file that gets what pytest prints.
    """
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        _in_child(tree, arguments, plugin, told)
    ends = time.monotonic() + limit
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > ends:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return -1
        time.sleep(0.02)


def _in_child(tree: Path, arguments: Sequence[str], plugin: object, told: Path) -> None:
    code = 3
    try:
        os.setsid()
        file = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, 1)
        os.dup2(file, 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.chdir(tree)
        for name in [one for one in sys.modules if one.split(".")[0] == "tests"]:
            del sys.modules[name]
        sys.path[:] = [str(tree), *(one for one in sys.path if not (Path(one) / "dipcli").is_dir())]
        os.environ["PYTHONPATH"] = str(tree)
        options = ["-q", "-o", "addopts=", "-p", "no:xdist", "-p", "no:cacheprovider"]
        code = int(pytest.main([*options, *arguments], [plugin]))
        if isinstance(plugin, Tracer):
            told.with_suffix(".json").write_text(json.dumps(plugin.found))
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
