"""No room for a result: it is kept where there is some, and said; what was there stays."""

import errno
import json
import os
import re
import subprocess
import tempfile
from pathlib import Path

import pytest
from drawing import QUICK, draw, opened

from dipcli.pictures import read_provenance
from dipcli.system import placing, refuge

NO_SPACE = "cannot be written: No space left on device"


@pytest.fixture
def spare(tmp_path, monkeypatch):
    """The system's temporary folder."""
    place = tmp_path / "spare"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    monkeypatch.setattr(refuge, "_LASTING", place)
    monkeypatch.setenv("TMPDIR", str(place))  # of what is started
    return place


@pytest.fixture
def full(monkeypatch):
    """A function (folder, but) after which nothing but what ends so has room in that folder."""
    folders = {}

    def flushed(target, data, times, *, really=placing.flushed):
        but = folders.get(target.parent, target.name)
        if not target.name.endswith(but):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return really(target, data, times)

    monkeypatch.setattr(placing, "flushed", flushed)
    return lambda folder, but="none": folders.update({Path(os.path.realpath(folder)): but})


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 32 KB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no permission to mount a small file system")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def kept(said: str) -> list[Path]:
    """Where messages say that files are."""
    return [Path(one) for one in re.findall(r" is in (\S+?)(?:;|$)", said.strip())]


def test_a_small_disk(small_disk, spare, tmp_path, process):
    draw(tmp_path / "a.png", size=(200, 150))
    old = draw(small_disk / "x.png", size=(8, 8)).read_bytes()
    args = ("denoise", "a.png", "-o", small_disk / "x.png", "--overwrite", *QUICK)
    ran = process(*args)
    assert ran.code == 1
    (place,) = kept(ran.err)
    said = f"dip: a.png: {small_disk / 'x.png'}: {NO_SPACE}; what was made is in {place}\n"
    assert ran.err.endswith(said)
    assert (small_disk / "x.png").read_bytes() == old
    assert [path.name for path in small_disk.iterdir()] == ["x.png"]
    assert opened(place).size == (200, 150)
    small_disk.joinpath("x.png").unlink()
    small_disk.joinpath("x.png").symlink_to(place)
    assert "is up to date" in process(*args[:4], *QUICK).err, "it is the whole result"


def test_everything_of_a_job_is_kept_together_and_named(full, spare, tmp_path, dip):
    draw(tmp_path / "a.png")
    full(tmp_path / "out")
    ran = dip("denoise", "a.png", "-o", "out/x.png", "--curve", "c.csv", "--json", *QUICK)
    assert ran.code == 1
    picture, curve = kept(ran.err.splitlines()[-1])
    assert picture.parent == curve.parent
    assert picture.parent.parent == spare
    assert ran.err.endswith(
        f"dip: a.png: out/x.png: {NO_SPACE}; what was made is in {picture}; c.csv is in {curve}\n"
    )
    assert ran.json[0]["kept"] == {"out/x.png": str(picture), "c.csv": str(curve)}
    assert curve.read_bytes().startswith(b"step")
    assert not (tmp_path / "c.csv").exists(), "beside no result of ours it would be a stranger"


@pytest.mark.parametrize("room", ["none", ".dip.json"])
def test_a_record_goes_with_its_picture(room, full, spare, tmp_path, dip):
    draw(tmp_path / "a.bmp")
    assert dip("denoise", "a.bmp", "-o", "out/", *QUICK).code == 0
    before = {path: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    full(tmp_path / "out", room)
    args = ("denoise", "a.bmp", "-o", "out/", "--sigma", 9, *QUICK)
    ran = dip(*args, "--overwrite")
    assert ran.code == 1
    places = kept(ran.err)
    assert [place.name for place in places][-1] == "a.bmp"
    assert {path: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before
    folder = places[-1].parent
    assert sorted(path.name for path in folder.iterdir()) == ["a.bmp", "a.bmp.dip.json"]
    assert "is up to date" in dip("denoise", "a.bmp", "-o", folder, *args[4:]).err


def test_only_what_has_no_room_is_elsewhere(full, spare, tmp_path, dip):
    draw(tmp_path / "a.png")
    full(tmp_path / "full")
    ran = dip("denoise", "a.png", "-o", "x.png", "--curve", "full/c.csv", *QUICK)
    assert ran.code == 1
    (curve,) = kept(ran.err)
    assert ran.err.endswith(f"full/c.csv: {NO_SPACE}; what was made is in {curve}\n")
    assert opened(tmp_path / "x.png").size == (20, 16)


def test_in_a_folder_each_is_kept(full, spare, tmp_path, dip):
    for i in range(2):
        draw(tmp_path / f"in/{i}.png", seed=i)
    full(tmp_path / "out")
    ran = dip("denoise", "in", "-o", "out", "--json", *QUICK)
    assert ran.code == 1
    for line in ran.json[:2]:
        (place,) = line["kept"].values()
        assert json.loads(read_provenance(Path(place)))["partial"] is False
    assert "2 failed" in ran.err


def test_no_room_anywhere(full, spare, tmp_path, dip):
    draw(tmp_path / "a.png")
    args = ("denoise", "a.png", "-o", "out/x.png", "--checkpoint", "k.ckpt", *QUICK)
    spare.rmdir()
    full(tmp_path / "out")
    ran = dip(*args)
    assert ran.code == 1
    assert f"dip: a.png: out/x.png: {NO_SPACE}; nor can it be kept: {spare}: cannot be" in ran.err
    assert ran.err.endswith("; make room there or choose another disk, and run it again\n")
    assert list((tmp_path / "out").iterdir()) == []


def test_what_is_kept_is_told_though_another_is_lost(full, spare, tmp_path, dip, monkeypatch):
    def taken(self, path, data, times=None, *, really=refuge.Refuge.take):
        full(tmp_path / "out")
        if path.suffix == ".csv":
            raise placing.WriteError("no room")
        return really(self, path, data, times)

    draw(tmp_path / "a.png")
    full(tmp_path / "out")
    monkeypatch.setattr(refuge.Refuge, "take", taken)
    ran = dip("denoise", "a.png", "-o", "out/x.png", "--curve", "c.csv", *QUICK)
    (place,) = kept(ran.err)
    assert place.is_file()
    assert ran.err.endswith(f"is in {place}; c.csv; nor can it be kept: no room\n")


def test_a_partial_result_is_kept_too(full, spare, tmp_path, dip, monkeypatch):
    from dipcli.observers import Meter

    def strike(self, step):
        if step.index >= 1:
            raise KeyboardInterrupt

    draw(tmp_path / "a.png")
    full(tmp_path / "out")
    monkeypatch.setattr(Meter, "__call__", strike)
    ran = dip("denoise", "a.png", "-o", "out/x.png", "--sigma", 9, *QUICK[2:], "--iters", 3)
    (place, *_) = kept(ran.err.splitlines()[0])
    assert json.loads(read_provenance(place))["partial"] is True


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")  # noqa: PTH110
def test_standard_output_on_a_full_disk(spare, tmp_path, start):
    draw(tmp_path / "a.png")
    data = (tmp_path / "a.png").read_bytes()
    for name, called in (("a.png", "a.png"), ("-", "stdin.png")):
        with Path("/dev/full").open("wb") as device:
            running = start("denoise", name, "-o", "-", *QUICK, stdout=device)
            _, err = running.communicate(data, timeout=120)
        assert running.returncode == 1
        (place,) = kept(err.decode())
        assert place.name == called
        assert f"standard output: {NO_SPACE}; what was made is in " in err.decode()
        assert opened(place).size == (20, 16)


@pytest.mark.skipif(os.name != "posix", reason="pipes as POSIX has them")
def test_a_reader_that_left_wants_nothing(spare, tmp_path, start):
    draw(tmp_path / "a.png")
    ours, theirs = os.pipe()
    os.close(ours)
    running = start("denoise", "a.png", "-o", "-", *QUICK, stdout=theirs)
    _, err = running.communicate(timeout=120)
    os.close(theirs)
    assert b"standard output was closed" in err
    assert list(spare.iterdir()) == []
