"""The installed `dip` over folders of little pictures, with what it said and what it took."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[2]
DIP = Path(sys.executable).with_name("dip")
QUICK = ("--preset", "fast", "--device", "cpu")
how = {"start": subprocess.Popen}  # tests of every day fork a warm process instead


@dataclass(frozen=True)
class Ran:
    """A process that came to its end. peak: MB of memory; seconds: of wall time."""

    code: int
    out: str
    err: str
    peak: float
    seconds: float

    @property
    def records(self) -> list[dict]:
        """The objects on standard output."""
        return [json.loads(line) for line in self.out.splitlines()]


def environment() -> dict[str, str]:
    """One thread, this checkout, no settings of whoever runs it, and warnings told."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DIP_")}
    home = tempfile.gettempdir() + "/nobody"
    ours = {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "default"}
    return {**kept, **ours, "HOME": home, "XDG_CONFIG_HOME": home}


def start(args: Sequence[object], place: Path) -> subprocess.Popen:
    """`dip ...` in the folder `place`, started."""
    pipes = dict.fromkeys(("stdout", "stderr"), subprocess.PIPE)
    command = [str(DIP), *map(str, args)]
    return how["start"](command, cwd=place, env=environment(), **pipes)


def run(args: Sequence[object], place: Path, *, limit: float = 3600.0) -> Ran:
    """`dip ...` to its end; one that takes more than `limit` seconds is killed and fails."""
    began = time.monotonic()
    process = start(args, place)
    killer = threading.Timer(limit, process.kill)
    killer.start()
    said: dict[str, bytes] = {}
    readers = [
        threading.Thread(target=lambda n=name: said.update({n: getattr(process, n).read()}))
        for name in ("stdout", "stderr")
    ]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    _, status, used = os.wait4(process.pid, 0)
    killer.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    for pipe in (process.stdout, process.stderr):
        pipe.close()
    return Ran(
        code=process.returncode,
        out=said["stdout"].decode(),
        err=said["stderr"].decode(),
        peak=used.ru_maxrss / 1024,
        seconds=time.monotonic() - began,
    )


def picture(seed: int, side: int = 48) -> Image.Image:
    """A noisy ramp, RGB."""
    rng = np.random.default_rng(seed)
    ramp = np.linspace(60, 190, side)[None, :, None] + rng.normal(0, 20, (side, side, 3))
    return Image.fromarray(np.clip(ramp, 0, 255).astype(np.uint8))


def folder(place: Path, count: int, side: int = 48, suffixes: Sequence[str] = (".png",)) -> Path:
    """A folder of so many pictures."""
    place.mkdir(parents=True)
    for number in range(count):
        suffix = suffixes[number % len(suffixes)]
        picture(number, side).save(place / f"{number:04}{suffix}")
    return place


def contents(place: Path) -> dict[str, bytes]:
    """Every file below a folder, hidden ones too."""
    files = (path for path in sorted(place.rglob("*")) if path.is_file())
    return {path.relative_to(place).as_posix(): path.read_bytes() for path in files}
