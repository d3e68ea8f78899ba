"""`--checkpoint`: a long run that is stopped goes on, and nothing else is ever gone on from."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from drawing import draw, draw_mask

from dipcli.errors import WriteError
from dipcli.observers import Meter, checkpoint
from dipcli.pictures import read_provenance

TINY = ("--channels", "4,8", "--runs", "2", "--device", "cpu")
DENOISE = ("denoise", "a.png", "--sigma", "10", *TINY, "--iters", "12")
KEEP = ("-o", "x.png", "--checkpoint", "run.ckpt")
OFTEN = (  # the executable, saving fifty times a second
    "import dipcli.observers.checkpoint as c; c.INTERVAL, c.TIME_SHARE = 0.02, 1.0; "
    "from dipcli.cli import main; main()"
)


@pytest.fixture(autouse=True)
def _pictures(tmp_path: Path) -> None:
    draw(tmp_path / "a.png")
    draw(tmp_path / "b.png", seed=1)
    draw_mask(tmp_path / "mask.png")


@pytest.fixture
def stopped(dip, monkeypatch):
    """`dip ...` with Ctrl-C at a step."""

    def call(*args: object, at: int = 7):
        def strike(self, step):
            if step.index == at:
                os.kill(os.getpid(), signal.SIGINT)

        with monkeypatch.context() as patch:
            patch.setattr(Meter, "__call__", strike)
            return dip(*args)

    return call


def whole(dip, *args: object) -> bytes:
    """What an undisturbed run gives."""
    assert dip(*args, "-o", "whole.png").code == 0
    return Path("whole.png").read_bytes()


def partial(path: str) -> bool:
    return json.loads(read_provenance(Path(path)))["partial"]


@pytest.mark.parametrize(
    "args",
    [
        DENOISE,
        ("superres", "a.png", "--scale", "2", *TINY, "--iters", "6"),
        ("inpaint", "a.png", "--mask", "mask.png", *TINY, "--iters", "6"),
        ("fit", "a.png", *TINY, "--iters", "9", "--targets", "noise,natural"),
    ],
    ids=lambda args: args[0],
)
def test_ctrl_c_then_the_same_line_again(args, dip, stopped):
    first = stopped(*args, *KEEP)
    assert first.code == 130
    assert partial("x.png")
    assert Path("run.ckpt").is_file()
    again = dip(*args, *KEEP)
    assert again.code == 0
    assert "going on from run.ckpt" in again.err
    assert Path("x.png").read_bytes() == whole(dip, *args)
    assert not Path("run.ckpt").exists()


def test_ctrl_c_and_killed_through_the_executable(dip, start):
    args = (*DENOISE[:-1], 200)
    running = start(*args, *KEEP)
    until(Path(".dip-claim-x.png").exists)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=120)
    assert running.returncode == 130, err
    assert partial("x.png")
    for _ in range(2):
        saved = changed("run.ckpt")
        killed = subprocess.Popen([sys.executable, "-c", OFTEN, *map(str, (*args, *KEEP))])
        until(lambda saved=saved: changed("run.ckpt") != saved)
        time.sleep(random.uniform(0, 0.1))
        killed.kill()
        killed.wait()
    assert dip(*args, *KEEP).code == 0
    assert Path("x.png").read_bytes() == whole(dip, *args)
    assert sorted(path.name for path in Path().iterdir() if path.name.startswith(".")) == []


def until(condition, seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def changed(name: str) -> int:
    return Path(name).stat().st_mtime_ns


def test_curve_and_animation_know_the_steps_before(dip, stopped):
    sides = ("--curve", "{stem}.csv", "--gif", "{stem}.gif", "--reference", "b.png")
    stopped(*DENOISE, *KEEP, *sides)
    assert dip(*DENOISE, *KEEP, *sides).code == 0
    found = [Path(name).read_bytes() for name in ("a.csv", "a.gif")]
    assert dip(*DENOISE, "-o", "whole.png", *sides, "--overwrite").code == 0
    assert found == [Path(name).read_bytes() for name in ("a.csv", "a.gif")]


def test_no_partial_keeps_the_checkpoint_alone(dip, stopped):
    assert stopped(*DENOISE, *KEEP, "--no-partial").code == 130
    assert not Path("x.png").exists()
    assert "going on" in dip(*DENOISE, *KEEP).err
    assert Path("x.png").read_bytes() == whole(dip, *DENOISE)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("--seed", "3"), "another seed;"),
        (("--lr", "0.01"), "another settings;"),
        (("--sigma", "7", "--seed", "3"), "another settings and seed;"),
    ],
)
def test_another_run_is_refused_unless_told_to_overwrite(change, told, dip, stopped):
    stopped(*DENOISE, *KEEP)
    Path("x.png").unlink()
    saved = Path("run.ckpt").read_bytes()
    ran = dip(*DENOISE, *KEEP, *change)
    assert ran.code == 2
    assert told in ran.err
    assert ran.err.count("\n") == 1
    assert Path("run.ckpt").read_bytes() == saved
    assert not Path("x.png").exists()
    ran = dip(*DENOISE, *KEEP, *change, "--overwrite")
    assert ran.code == 0
    assert "going on" not in ran.err
    assert Path("x.png").read_bytes() == whole(dip, *DENOISE, *change)
    assert not Path("run.ckpt").exists()


def test_another_input_or_mask_is_refused(dip, stopped, tmp_path):
    args = ("inpaint", "a.png", "--mask", "mask.png", *TINY, "--iters", "6")
    stopped(*args, *KEEP, "--no-partial")
    draw_mask(tmp_path / "mask.png").write_bytes((tmp_path / "mask.png").read_bytes() + b"\0")
    assert "with another mask;" in dip(*args, *KEEP).err
    (tmp_path / "a.png").write_bytes((tmp_path / "b.png").read_bytes())
    assert "with another input and mask;" in dip(*args, *KEEP).err


def test_overwrite_goes_on_from_a_checkpoint_that_fits(dip, stopped):
    stopped(*DENOISE, *KEEP)
    assert "going on" in dip(*DENOISE, *KEEP, "--overwrite").err


@pytest.mark.parametrize("content", [b"my thesis", b"\x89PNG\r\n\x1a\n", b"\x08\0\0\0\0\0\0\0{}"])
def test_a_foreign_file_is_left_alone(content, dip):
    Path("run.ckpt").write_bytes(content)
    ran = dip(*DENOISE, *KEEP)
    assert ran.code == 2
    assert ran.err == (
        "dip: a.png: run.ckpt is not a checkpoint; name another file, or --overwrite replaces it\n"
    )
    assert Path("run.ckpt").read_bytes() == content
    assert dip(*DENOISE, *KEEP, "--overwrite").code == 0


def test_an_empty_file_is_no_obstacle(dip):
    Path("run.ckpt").touch()
    assert dip(*DENOISE, *KEEP).code == 0


@pytest.mark.parametrize("where", ["cut in the head", "cut at the end", "head", "middle", "end"])
def test_damage_is_told_in_one_line(where, dip, stopped):
    stopped(*DENOISE, *KEEP, "--no-partial")
    data = bytearray(Path("run.ckpt").read_bytes())
    head = 8 + int.from_bytes(data[:8], "little")
    if where == "cut in the head":
        data = data[: head // 2]
    elif where == "cut at the end":
        data = data[:-1]
    else:
        data[{"head": head // 2, "middle": (head + len(data)) // 2, "end": -1}[where]] ^= 4
    Path("run.ckpt").write_bytes(data)
    ran = dip(*DENOISE, *KEEP)
    assert (ran.code, ran.err) == (
        1,
        "dip: a.png: run.ckpt is damaged; --overwrite begins anew\n",
    )
    assert dip(*DENOISE, *KEEP, "--overwrite").code == 0
    assert Path("x.png").read_bytes() == whole(dip, *DENOISE)


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("a.png", "b.png", "-o", "out", "--checkpoint", "c"), "is for one picture"),
        ((".", "-o", "out", "--checkpoint", "c"), "is for one picture"),
        (("a.png", "--checkpoint", "a.png"), "would replace it"),
        (("a.png", "-o", "x.png", "--checkpoint", "x.png"), "would replace it"),
        (("a.png", "--checkpoint", "."), "is a folder"),
    ],
)
def test_what_cannot_be_is_told_before_the_first_step(args, told, dip):
    ran = dip("denoise", *args)
    assert ran.code == 2
    assert told in ran.err
    assert not Path("out").exists()


def test_a_full_disk_does_not_end_the_run(dip, monkeypatch):
    def full(seen, data):
        raise WriteError(f"{seen.path}: cannot be written: No space left on device")

    monkeypatch.setattr(checkpoint, "INTERVAL", -1.0)
    monkeypatch.setattr(checkpoint, "publish", full)
    ran = dip(*DENOISE, *KEEP)
    assert ran.code == 0
    assert "no checkpoint: run.ckpt: cannot be written: No space left" in ran.err
