"""Whole files or none."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dipcli.errors import WriteError
from dipcli.pictures import remove_litter, write_atomic
from dipcli.system import files

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX")


def litter(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(files.TEMPORARY)]


def test_writes_and_replaces(tmp_path):
    path = tmp_path / "Ünï code 日本.png"
    write_atomic(path, b"one")
    write_atomic(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]


@posix
def test_permissions_are_the_usual_ones_or_those_of_the_old_file(tmp_path):
    path = tmp_path / "a.png"
    write_atomic(path, b"one")
    (tmp_path / "plain").write_bytes(b"")
    assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode
    path.chmod(0o640)
    write_atomic(path, b"two")
    assert path.stat().st_mode & 0o777 == 0o640


@posix
def test_links_are_followed(tmp_path):
    real, link = tmp_path / "real.png", tmp_path / "link.png"
    real.write_bytes(b"old")
    link.symlink_to(real)
    write_atomic(link, b"new")
    assert link.is_symlink()
    assert real.read_bytes() == b"new"


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch, step):
    path = tmp_path / "a.png"
    path.write_bytes(b"old")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(*(os, "fsync") if step == "fsync" else (Path, "replace"), full)
    with pytest.raises(WriteError, match=r"a\.png: cannot be written: No space left on device"):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert litter(tmp_path) == []


def test_an_interruption_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    path.write_bytes(b"old")

    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert litter(tmp_path) == []


def test_no_folder_and_a_folder_in_the_way(tmp_path):
    for path in (tmp_path / "none" / "a.png", tmp_path):
        with pytest.raises(WriteError, match="cannot be written"):
            write_atomic(path, b"x")
    assert litter(tmp_path.parent) == litter(tmp_path) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_devices_and_pipes_are_neither_written_to_nor_replaced(tmp_path, null):
    os.mkfifo(tmp_path / "pipe")
    for path in (Path("/dev/full"), tmp_path / "pipe"):
        with pytest.raises(WriteError, match="not a file"):
            write_atomic(path, b"x")
        assert path.exists()
        assert not path.is_file()
    write_atomic(null, b"x")
    assert null.is_char_device()


KILLED = """
import os, signal, sys
from pathlib import Path
from dipcli.pictures import write_atomic
if sys.argv[2] == "flush":
    os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)
else:
    Path.replace = lambda self, target: os.kill(os.getpid(), signal.SIGKILL)
write_atomic(Path(sys.argv[1]), b"new")
"""


@posix
@pytest.mark.parametrize("moment", ["flush", "rename"])
def test_kill_leaves_the_old_file_and_litter_that_is_removed(tmp_path, moment):
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    done = subprocess.run([sys.executable, "-c", KILLED, str(path), moment], check=False)
    assert done.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"
    (name,) = litter(tmp_path)
    assert remove_litter(tmp_path) == [tmp_path / name]
    assert list(tmp_path.iterdir()) == [path]


@posix
def test_files_of_living_processes_and_young_ones_of_other_hosts_stay(tmp_path):
    names = [
        f"{files.TEMPORARY}{files._HOST}-{pid}-{files.born(pid) or files._TOKEN}-00000000"
        for pid in (os.getpid(), os.getppid())
    ] + [
        f"{files.TEMPORARY}elsewhere-1-12345678-00000000",
    ]
    for name in names:
        (tmp_path / name).write_bytes(b"x")
    assert remove_litter(tmp_path) == []
    old = time.time() - 2 * 86400
    os.utime(tmp_path / names[2], (old, old))
    assert remove_litter(tmp_path) == [tmp_path / names[2]]


@pytest.mark.skipif(not files.born(1), reason="the system does not tell when a process began")
@pytest.mark.parametrize("pid", [os.getpid(), os.getppid()], ids=["own", "parent"])
def test_an_earlier_process_with_the_same_number_is_dead(pid, tmp_path):
    path = tmp_path / f"{files.TEMPORARY}{files._HOST}-{pid}-99-00000000"
    path.write_bytes(b"x")
    (tmp_path / ".dip-tmpx").write_bytes(b"not ours")
    assert remove_litter(tmp_path) == [path]
    assert (tmp_path / ".dip-tmpx").exists()


def test_times_are_set_before_the_file_is_in_its_place(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    seen = []
    replace = Path.replace

    def watched(self, target):
        seen.append(self.stat().st_mtime_ns)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", watched)
    files.write_atomic(path, b"new", (10**18, 10**18))
    assert seen == [10**18]
    assert path.stat().st_mtime_ns == 10**18
