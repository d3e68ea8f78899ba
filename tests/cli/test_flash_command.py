"""`dip flash`: files and folders in pairs, what is up to date, and what is refused."""

import os
import signal

import numpy as np
import pytest
from drawing import draw, opened
from PIL import Image
from skimage import data

from dipcli.bench.flash import pair

QUICK = ("--preset", "fast", "--device", "cpu")


def put(folder, name, seed=0, size=64):
    """A pair of small pictures of one name in two folders."""
    pictures = pair(data.astronaut()[20 : 20 + size, 180 : 180 + size], 25.0, seed)
    for kind, picture in zip(("ambient", "flash"), pictures, strict=False):
        (folder / kind).mkdir(exist_ok=True)
        Image.fromarray(picture).save(folder / kind / name)


def test_folders_are_paired_by_stem_and_the_flash_decides_what_is_up_to_date(tmp_path, dip):
    for name, seed in (("a.png", 0), ("b.png", 1)):
        put(tmp_path, name, seed)
    words = ("flash", "ambient", "--flash", "flash", "-o", "out", *QUICK)
    first = dip(*words, "--json")
    *records, summary = first.json
    assert (first.code, summary["done"]) == (0, 2)
    assert all(one["notes"]["flash_shift"] == {"down": 0.0, "right": 0.0} for one in records)
    assert "2 up to date" in dip(*words).err
    lit = np.asarray(opened(tmp_path / "flash" / "b.png"))
    Image.fromarray(255 - lit // 2).save(tmp_path / "flash" / "b.png")
    assert "1 done, 1 up to date" in dip(*words).err
    (tmp_path / "flash" / "a.png").unlink()
    alone = dip(*words)
    assert alone.code == 1 and "a.png" in alone.err


def test_a_shift_is_told(tmp_path, dip):
    put(tmp_path, "a.png", size=96)
    lit = np.asarray(opened(tmp_path / "flash" / "a.png"))
    Image.fromarray(np.pad(lit, ((2, 0), (0, 0), (0, 0)), mode="edge")[:96]).save(
        tmp_path / "flash" / "a.png"
    )
    ran = dip("flash", "ambient/a.png", "--flash", "flash/a.png", "-o", "out.png", *QUICK)
    assert ran.code == 0 and "flash was 2 down pixels off, aligned" in ran.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "--flash"),
        (("--flash", "none.png"), "none.png"),
        (("--flash", "small.png"), "small.png is 20x16 but ambient/a.png is 64x64"),
        (("--flash", "text.png"), "text.png"),
        (("--flash", "far.png"), "more than 3% of the side"),
    ],
)
def test_what_is_no_pair_is_refused_in_one_line_and_nothing_is_written(tmp_path, dip, words, said):
    put(tmp_path, "a.png")
    draw(tmp_path / "small.png")
    (tmp_path / "text.png").write_text("no picture")
    lit = np.asarray(opened(tmp_path / "flash" / "a.png"))
    Image.fromarray(np.pad(lit, ((9, 0), (0, 0), (0, 0)), mode="edge")[:64]).save(
        tmp_path / "far.png"
    )
    ran = dip("flash", "ambient/a.png", *words, "-o", "out.png", *QUICK)
    assert ran.code == 2 and said in ran.err, ran.err
    assert not (tmp_path / "out.png").exists()


def test_it_stops_and_goes_on_to_the_same_bytes(tmp_path, dip, monkeypatch):
    put(tmp_path, "a.png")
    words = ("flash", "ambient/a.png", "--flash", "flash/a.png", "--device", "cpu")
    assert dip(*words, "-o", "whole.png").code == 0

    def strike(self, step):
        if step.index == 1:
            os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr("dipcli.observers.Meter.__call__", strike)
        ran = dip(*words, "-o", "part.png", "--checkpoint", "run.ckpt")
        assert (ran.code, (tmp_path / "run.ckpt").exists()) == (130, True), ran.err
    assert dip(*words, "-o", "part.png", "--checkpoint", "run.ckpt").code == 0
    whole, part = (opened(tmp_path / f"{name}.png").tobytes() for name in ("whole", "part"))
    assert whole == part


def test_the_flash_is_never_replaced(tmp_path, dip):
    put(tmp_path, "a.png")
    before = (tmp_path / "flash" / "a.png").read_bytes()
    ran = dip("flash", "ambient/a.png", "--flash", "flash/a.png", "-o", "flash/a.png",
              "--overwrite", *QUICK)  # fmt: skip
    assert ran.code == 2 and (tmp_path / "flash" / "a.png").read_bytes() == before
