"""What may be written where, file by file."""

import ctypes
import errno
import os

import pytest

from dipcli.errors import WriteError
from dipcli.pictures import look, publish, publish_beside, unnumbered
from dipcli.system import placing


@pytest.fixture(params=["links", "renames", "neither"])
def system(request, monkeypatch):
    """File systems with hard links, without, and on a system that cannot rename exclusively."""

    def refused(*args, **more):
        raise OSError(errno.EPERM, "Operation not permitted")

    if request.param != "links":
        monkeypatch.setattr(os, "link", refused)
    if request.param == "neither":
        monkeypatch.setattr(ctypes, "CDLL", lambda *args, **more: object())
    return request.param


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_file_takes_its_place(system, tmp_path):
    path = tmp_path / "x"
    found = publish(look(path), b"new")
    assert path.read_bytes() == b"new"
    assert found == look(path)
    assert found.still
    assert names(tmp_path) == ["x"]


@pytest.mark.parametrize("kind", ["file", "folder", "link", "dangling link"])
def test_a_new_file_replaces_nothing(kind, system, tmp_path, monkeypatch):
    path, letter = tmp_path / "x", tmp_path / "letter"
    seen = look(path)
    if kind == "file":
        path.write_bytes(b"precious")
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(letter)
    if kind == "link":
        letter.write_bytes(b"precious")
    before = names(tmp_path)
    assert publish(seen, b"new") is None
    monkeypatch.setattr(placing, "look", lambda path: seen)  # it comes after the last look
    assert publish(seen, b"new") is None
    assert names(tmp_path) == before
    if kind in ("file", "link"):
        assert path.read_bytes() == b"precious"
    found = publish_beside(path, b"new")
    assert found.path == tmp_path / "x.1"
    assert found.path.read_bytes() == b"new"


def test_a_replacement_keeps_permissions_and_follows_the_link_that_was_there(tmp_path):
    path, target = tmp_path / "x", tmp_path / "target"
    target.write_bytes(b"old")
    target.chmod(0o640)
    path.symlink_to(target)
    found = publish(look(path), b"new", (10**18, 10**18))
    assert path.is_symlink()
    assert target.read_bytes() == b"new"
    assert target.stat().st_mode & 0o777 == 0o640
    assert target.stat().st_mtime_ns == 10**18
    assert found == look(path)


@pytest.mark.parametrize("how", ["edited", "exchanged", "linked", "relinked"])
def test_what_changed_is_not_replaced(how, tmp_path):
    path, other = tmp_path / "x", tmp_path / "other"
    other.write_bytes(b"other")
    path.write_bytes(b"old")
    if how == "relinked":
        (tmp_path / "target").write_bytes(b"old")
        path.unlink()
        path.symlink_to(tmp_path / "target")
    seen = look(path)
    if how == "edited":
        path.write_bytes(b"mine")
    elif how == "exchanged":
        other.replace(path)
    else:
        path.unlink()
        path.symlink_to(other)
    before = path.read_bytes()
    assert publish(seen, b"new") is None
    assert path.read_bytes() == before


def test_free_names_are_counted_and_fit(system, tmp_path):
    path = tmp_path / "a.b.png"
    (tmp_path / "a.b.1.png").touch()
    (tmp_path / "a.b.2.png").symlink_to("nowhere")
    assert publish_beside(path, b"new").path.name == "a.b.3.png"
    long = tmp_path / ("é" * 125 + ".png")
    assert publish_beside(long, b"new").path.name == "é" * 124 + ".1.png"


def test_a_free_name_leads_back():
    for name, back in (
        ("x.1.png", "x.png"),
        ("a.b.12.png", "a.b.png"),
        ("x.png", "x.png"),
        ("1.png", "1.png"),
        ("x.one.png", "x.one.png"),
    ):
        assert unnumbered(placing.Path(name)) == placing.Path(back)


def test_a_folder_cannot_be_replaced(tmp_path):
    with pytest.raises(WriteError, match="cannot be written"):
        publish(look(tmp_path), b"new")


@pytest.mark.skipif(os.name != "posix", reason="devices as POSIX has them")
def test_a_null_device_stays(null):
    before = look(null)
    assert publish(before, b"new") == before == look(null)
    assert null.is_char_device()


@pytest.mark.skipif(os.name != "posix", reason="pipes as POSIX has them")
@pytest.mark.parametrize("early", [False, True])
def test_a_pipe_is_never_replaced(early, tmp_path):
    path = tmp_path / "x"
    before = look(path)
    os.mkfifo(path)
    if early:
        with pytest.raises(WriteError, match="is a pipe, not a file"):
            publish(look(path), b"new")
    else:  # it came during the run: the result goes beside it
        assert publish(before, b"new") is None
    assert path.is_fifo()
