"""`dip` as a process of its own that need not import torch first: forked from one that has.

`Warm` is `subprocess.Popen` for a command line of `dip`: a process with a number, streams, signals
and an exit code of its own, which is waited for as a child. It begins its work in 0.05 s instead
of 2. What a start itself is like is for tests with real starts.

The process that forks is started at the first use, one for each process of tests. On Linux alone:
what it forks becomes a child of the tests, which are its "subreaper" for that moment. Elsewhere,
and for what it cannot do, a process is started as usual.
"""

import ctypes
import importlib
import inspect
import io
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import warnings
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
STARTS = (
    [str(Path(sys.executable).with_name("dip"))],
    [sys.executable, "-m", "dipcli"],
    [sys.executable, "-W", "error", "-m", "dipcli"],
)
WARM = ("dipcli.api", "dipcli.cli", "dipcli.batch.run", "dipcli.batch.pool", "dipcli.cli.bars")
WARM += ("dipcli.batch.cluster", "dipcli.tasks.denoising", "dipcli.tasks.filters", "PIL.Image")
_SUBREAPER = 36  # of prctl
_MOST = 2**18  # bytes of a request: the environment, mostly


class Warm(subprocess.Popen):
    """A process of `dip`; the arguments are those of `Popen`."""

    def _execute_child(self, *given: Any) -> None:
        called = inspect.signature(super()._execute_child).bind(*given).arguments
        request = request_of(called)
        if request is None:
            super()._execute_child(*given)
            return
        ends = [called[name] for name in ("p2cread", "c2pwrite", "errwrite")]
        self.pid = forked(request, [own if end == -1 else end for own, end in enumerate(ends)])
        self._child_created = True
        names = ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")
        self._close_pipe_fds(*(called[name] for name in names))


def request_of(called: dict[str, Any]) -> dict[str, Any] | None:
    """What the forking process is asked for; None for what needs a start as usual."""
    env = {**(os.environ if called["env"] is None else called["env"])}
    words = [os.fspath(word) for word in called["args"]]
    begins = next((one for one in STARTS if words[: len(one)] == one), None)
    strange = called["preexec_fn"] or called["shell"] or called["pass_fds"]
    if sys.platform != "linux" or begins is None or strange:
        return None
    if env.get("PYTHONPATH") != str(ROOT) or env.get("OMP_NUM_THREADS") != "1":
        return None
    strict = "error" in begins or env.get("PYTHONWARNINGS") == "error"
    where = os.fspath(called["cwd"]) if called["cwd"] is not None else str(Path.cwd())
    facts = {"strict": strict, "session": called["start_new_session"]}
    return {"words": words[len(begins) :], "cwd": where, "env": env, **facts}


@cache
def server() -> socket.socket:
    """Where the forking process is asked; it ends with this one."""
    ours, theirs = socket.socketpair()
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "tests.warm", str(theirs.fileno())]
    process = subprocess.Popen(command, cwd=ROOT, env=env, pass_fds=[theirs.fileno()])
    process.returncode = 0  # nobody waits for it
    theirs.close()
    return ours


def forked(request: dict[str, Any], ends: list[int]) -> int:
    """The number of a new child of this process, whose streams are `ends`."""
    asked = server()
    adopt(True)
    try:
        socket.send_fds(asked, [json.dumps(request).encode()], ends)
        answer = asked.recv(64)
    finally:
        adopt(False)
    if not answer:
        raise OSError("the process that forks has ended")
    return int(answer)


def adopt(yes: bool) -> None:
    """Whether what loses its parent below this process becomes its child, not that of init."""
    ctypes.CDLL(None).prctl(_SUBREAPER, int(yes), 0, 0, 0)


def serve(asked: socket.socket) -> dict[str, Any] | None:
    """Fork as often as one is asked; returns in what was forked: its request. None at the end."""
    while True:
        data, ends, _, _ = socket.recv_fds(asked, _MOST, 3)
        if not data:
            return None
        ready, tell = os.pipe()
        between = os.fork()
        if between == 0:
            if os.fork():
                os._exit(0)
            os.close(ready)
            asked.close()
            begin(request := json.loads(data), ends)
            os.write(tell, str(os.getpid()).encode())
            os.close(tell)
            return request
        os.close(tell)
        for end in ends:
            os.close(end)
        os.waitpid(between, 0)  # from here on its child is that of the tests
        asked.send(os.read(ready, 64))
        os.close(ready)


def begin(request: dict[str, Any], ends: list[int]) -> None:
    """What a new process would find: its session, folder, environment, streams."""
    if request["session"]:
        os.setsid()
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    tempfile.tempdir = None
    for number, end in enumerate(ends):
        os.dup2(end, number)
    for end in ends:
        os.close(end)
    sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)), "utf-8")
    out, err = (io.BufferedWriter(io.FileIO(n, "w", closefd=False)) for n in (1, 2))
    sys.stdout = io.TextIOWrapper(out, "utf-8", "surrogateescape", line_buffering=os.isatty(1))
    sys.stderr = io.TextIOWrapper(err, "utf-8", "backslashreplace", line_buffering=True)
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr
    warnings.resetwarnings()
    warnings.simplefilter("error" if request["strict"] else "default")


def main() -> None:
    """Import, then fork; in what was forked, be `dip`."""
    for name in WARM:
        importlib.import_module(name)
    request = serve(socket.socket(fileno=int(sys.argv[1])))
    if request is not None:
        from dipcli.cli import main as dip

        sys.argv = ["dip", *request["words"]]
        dip()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    main()
