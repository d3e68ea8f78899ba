"""Where a file goes that has no room in its place."""

import errno
import os
import tempfile
from pathlib import Path

import pytest

from dipcli.errors import WriteError
from dipcli.system import refuge
from dipcli.system.refuge import Refuge


@pytest.fixture
def places(tmp_path, monkeypatch):
    """The folders for what is temporary: the usual one, and the one on a disk."""
    found = tmp_path / "usual", tmp_path / "lasting"
    for one in found:
        one.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(found[0]))
    monkeypatch.setattr(refuge, "_LASTING", found[1])
    return found


def full_below(folder, monkeypatch):
    """No file can be written in a folder or below it."""

    def synced(handle, *, really=os.fsync):
        if str(Path(f"/proc/self/fd/{handle}").readlink()).startswith(str(folder)):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        really(handle)

    monkeypatch.setattr(os, "fsync", synced)


pytestmark = pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="asks for open files")  # noqa: PTH112


def test_files_of_one_job_are_together_and_for_nobody_else(places, tmp_path):
    here = Refuge()
    assert not here.used
    first = here.take(tmp_path / "out/x.png", b"picture", (10**18, 10**18))
    second = here.take(tmp_path / "more/x.png", b"curve")
    assert first.parent == second.parent
    assert first.parent.parent == places[0]
    assert (first.name, second.name) == ("x.png", "x.1.png")
    assert (first.read_bytes(), second.read_bytes()) == (b"picture", b"curve")
    assert first.stat().st_mtime_ns == 10**18
    assert first.parent.stat().st_mode & 0o777 == 0o700
    assert here.used
    assert Refuge().take(first, b"another job").parent != first.parent


def test_a_full_temporary_folder_is_passed_by(places, tmp_path, monkeypatch):
    full_below(places[0], monkeypatch)
    here = Refuge()
    place = here.take(tmp_path / "x.png", b"picture")
    assert place.parent.parent == places[1]
    assert place.read_bytes() == b"picture"
    assert list(places[0].iterdir()) == [], "no litter"
    assert here.take(tmp_path / "y.png", b"more").parent == place.parent


def test_no_room_anywhere_is_told_and_leaves_nothing(places, tmp_path, monkeypatch):
    full_below(tmp_path, monkeypatch)
    here = Refuge()
    with pytest.raises(WriteError, match=r"x\.png: cannot be written: No space left on device"):
        here.take(tmp_path / "x.png", b"picture")
    assert not here.used
    for place in places:
        place.rmdir()
    with pytest.raises(WriteError, match="cannot be written: No such file"):
        here.take(tmp_path / "x.png", b"picture")
