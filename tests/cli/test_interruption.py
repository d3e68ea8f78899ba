"""Killed, interrupted, twice at once, and no room left: through the real executable."""

import ctypes
import json
import os
import resource
import signal
import sys
import time
from pathlib import Path

import pytest
from drawing import QUICK, draw

from dipcli.batch.claims import claim_path
from dipcli.pictures import read_provenance

ENDLESS = ("--sigma", "20", "--iters", "100000", "--runs", "1", "--stop", "none", "--device", "cpu")


def until(condition, seconds=120.0):
    """Wait for something that another process does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def litter(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


@pytest.fixture
def folder(tmp_path):
    for i in range(3):
        draw(tmp_path / f"in/{i}.png", size=(12, 12), seed=i)
    return tmp_path


@pytest.mark.parametrize(
    ("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["int", "term"]
)
def test_the_best_so_far_is_written_and_done_again(signum, code, folder, start):
    for delay in (0.5, 2.0, 4.0, 8.0, 16.0, 32.0):  # seconds in which the first step is made
        running = start("denoise", "in", "-o", "out", "--json", "--overwrite", *ENDLESS)
        until(claim_path(folder / "out/0.png").exists)
        time.sleep(delay)
        running.send_signal(signum)
        out, err = running.communicate(timeout=120)
        assert running.returncode == code, err
        assert b"finishing this step" in err
        assert litter(folder / "out") == []
        first, summary = [json.loads(line) for line in out.decode().splitlines()]
        assert summary["not_begun"] == 2
        if first["status"] == "partial":
            break
        assert first["status"] == "interrupted"
        assert not (folder / "out/0.png").exists()
    record = json.loads(read_provenance(folder / "out/0.png"))
    assert record["partial"] is True
    assert [path.name for path in (folder / "out").iterdir()] == ["0.png"]


def test_no_partial_writes_nothing_and_a_partial_result_is_replaced(tmp_path, dip, monkeypatch):
    from dipcli.observers import Meter

    def strike(self, step):
        if step.index >= 1:
            raise KeyboardInterrupt

    draw(tmp_path / "a.png")
    args = ["denoise", "a.png", "-o", "x.png", "--sigma", 9, "--iters", 3, "--runs", 1]
    args += ["--device", "cpu"]
    with monkeypatch.context() as patch:
        patch.setattr(Meter, "__call__", strike)
        dip(*args, "--no-partial")
        assert not (tmp_path / "x.png").exists()
        assert "partial" in dip(*args).err
    assert json.loads(read_provenance(tmp_path / "x.png"))["partial"] is True
    assert dip(*args).code == 0
    assert json.loads(read_provenance(tmp_path / "x.png"))["partial"] is False


def test_killed_and_run_again(folder, start, dip):
    args = ["denoise", "in", "-o", "out", *QUICK]
    assert dip("denoise", "in", "-o", "whole", *QUICK).code == 0
    running = start(*args)
    until((folder / "out/0.png").exists)
    running.kill()
    running.communicate()
    (folder / "out/.dip-claim-2.png").write_text(
        json.dumps({"host": os.uname().nodename, "pid": running.pid, "token": "x"})
    )
    assert dip(*args).code == 0
    assert litter(folder / "out") == []
    for i in range(3):
        whole = (folder / f"whole/{i}.png").read_bytes()
        assert (folder / f"out/{i}.png").read_bytes() == whole


def test_killed_between_a_bitmap_and_its_record(tmp_path, dip, monkeypatch):
    from dipcli.batch import outputs

    def struck(seen, data, times=None, *, really=outputs.publish):
        if seen.path.suffix == ".bmp":
            raise KeyboardInterrupt
        return really(seen, data, times)

    draw(tmp_path / "in/a.bmp")
    draw(tmp_path / "in/b.bmp", seed=1)
    args = ["denoise", "in", "-o", "out", *QUICK]
    assert dip(*args).code == 0
    first = (tmp_path / "out/a.bmp").read_bytes()
    draw(tmp_path / "in/a.bmp", seed=5)
    with monkeypatch.context() as patch:
        patch.setattr(outputs, "publish", struck)  # the record is written before
        dip(*args)
    assert (tmp_path / "out/a.bmp").read_bytes() == first
    assert "1 done, 1 up to date" in dip(*args).err
    assert "2 up to date" in dip(*args).err
    assert dip(*args, "--overwrite", "--seed", 1).code == 0
    assert "2 up to date" in dip(*args, "--seed", 1).err
    (tmp_path / "out/a.bmp.dip.json").write_bytes(b"\xff\xfe")
    assert "exists and was made by something else" in dip(*args, "--seed", 1).err


def test_two_processes_share_the_work(folder, start):
    args = ["denoise", "in", "-o", "out", "--json", *QUICK]
    both = [start(*args), start(*args)]
    results = [running.communicate(timeout=120) for running in both]
    assert [running.returncode for running in both] == [0, 0], results
    lines = [json.loads(line) for out, _ in results for line in out.decode().splitlines()]
    made = sorted(line["output"] for line in lines if line.get("status") == "done")
    assert made == ["out/0.png", "out/1.png", "out/2.png"]
    assert litter(folder / "out") == []


def no_larger_than_32_kb():
    """In the process to be: no file may grow beyond it, whatever the user's rights."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (32_768, 32_768))


def test_a_write_that_fails_half_way_leaves_the_old_output(tmp_path, process):
    draw(tmp_path / "a.png", size=(200, 150))
    old = draw(tmp_path / "out/x.png", size=(8, 8)).read_bytes()
    args = ("denoise", "a.png", "-o", "out/x.png", "--overwrite", *QUICK)
    ran = process(*args, preexec_fn=no_larger_than_32_kb)
    assert ran.code == 1
    assert ran.err.startswith("dip: ")
    assert "File too large" in ran.err
    assert (tmp_path / "out/x.png").read_bytes() == old
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["x.png"]


def bound_by_permissions():
    """In the process to be: root gives up CAP_DAC_OVERRIDE, by which it may write anywhere."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)  # PR_CAPBSET_DROP; refused to others, who lack it


def test_a_read_only_folder(tmp_path, process):
    draw(tmp_path / "in/a.png")
    place = tmp_path / "ro"
    place.mkdir()
    place.chmod(0o555)
    ran = process("denoise", "in", "-o", place, *QUICK, preexec_fn=bound_by_permissions)
    assert ran.code == 2
    assert "is not writable" in ran.err
