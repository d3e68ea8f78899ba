"""Files beside a result are known by their bytes: what is not what we wrote is somebody else's."""

import json
from pathlib import Path

import pytest
from drawing import QUICK, draw

from dipcli.observers import Meter
from dipcli.pictures import read_provenance

PRECIOUS = b"precious"
TINY = ("--sigma", "9", "--iters", "2", "--device", "cpu")
ONE, SIDES = (*TINY, "--runs", "1"), (*TINY, "--runs", "2")
CURVE = ("--curve", "curves/{stem}.csv")


def interrupted(self, step):
    if step.index >= 1:
        raise KeyboardInterrupt


@pytest.fixture
def folder(dip):
    """Two pictures with their curves."""
    draw(Path("in/a.png"))
    draw(Path("in/b.png"), seed=1)
    assert dip("denoise", "in", "-o", "out", *CURVE, *ONE).code == 0


def test_what_is_ours_is_made_again_with_its_picture(folder, dip):
    before = Path("curves/a.csv").read_bytes()
    draw(Path("in/a.png"), seed=5)
    ran = dip("denoise", "in", "-o", "out", *CURVE, *ONE)
    assert (ran.code, "1 done, 1 up to date" in ran.err) == (0, True), ran.err
    assert Path("curves/a.csv").read_bytes() != before
    Path("curves/b.csv").unlink()
    assert "1 done, 1 up to date" in dip("denoise", "in", "-o", "out", *CURVE, *ONE).err
    assert Path("curves/b.csv").exists()


@pytest.mark.parametrize("changed", [False, True], ids=["current", "of another input"])
def test_a_foreign_file_in_the_place_of_a_curve_is_refused(changed, folder, dip):
    Path("curves/a.csv").write_bytes(PRECIOUS)
    if changed:
        draw(Path("in/a.png"), seed=5)
    picture = Path("out/a.png").read_bytes()
    ran = dip("denoise", "in", "-o", "out", *CURVE, *ONE)
    assert ran.code == 2
    told = "made from another input" if changed else "curves/a.csv exists and was not made with"
    assert told in ran.err
    assert Path("curves/a.csv").read_bytes() == PRECIOUS
    assert Path("out/a.png").read_bytes() == picture
    assert dip("denoise", "in", "-o", "out", *CURVE, "--overwrite", *ONE).code == 0
    assert Path("curves/a.csv").read_bytes().startswith(b"step,")
    assert "2 up to date" in dip("denoise", "in", "-o", "out", *CURVE, *ONE).err


def test_every_kind_of_file_is_known(process, dip):
    draw(Path("a.png"))
    words = ("denoise", "a.png", "-o", "w.png", *SIDES)
    names = {"--curve": "c.svg", "--gif": "g.gif", "--uncertainty": "u.png"}
    sides = [word for pair in names.items() for word in pair]
    assert process(*words, *sides).code == 0
    made = {name: Path(name).read_bytes() for name in ("w.png", *names.values())}
    assert "up to date" in dip(*words, *sides).err
    for name in names.values():
        Path(name).write_bytes(PRECIOUS)
        ran = dip(*words, *sides)
        said = f"dip: {name} exists and was not made with w.png; --overwrite replaces both\n"
        assert (ran.code, ran.err) == (2, said)
        assert Path(name).read_bytes() == PRECIOUS
        Path(name).write_bytes(made[name])
    for name in made:
        Path(name).unlink()
    assert dip(*words, *sides).code == 0
    assert {name: Path(name).read_bytes() for name in made} == made, "the same bytes each time"


def test_a_file_that_was_there_before_a_curve_was_asked_for(dip):
    draw(Path("a.png"))
    words = ("denoise", "a.png", "-o", "w.png", *QUICK)
    assert dip(*words).code == 0
    Path("c.csv").write_bytes(PRECIOUS)
    ran = dip(*words, "--curve", "c.csv")
    assert (ran.code, Path("c.csv").read_bytes()) == (2, PRECIOUS)


def test_a_partial_result_is_made_again_but_for_a_foreign_curve(dip, monkeypatch):
    draw(Path("a.png"))
    words = ("denoise", "a.png", "-o", "w.png", "--curve", "c.csv", *ONE)
    with monkeypatch.context() as patch:
        patch.setattr(Meter, "__call__", interrupted)
        assert "partial" in dip(*words).err
    assert json.loads(read_provenance(Path("w.png")))["partial"] is True
    ours = Path("c.csv").read_bytes()
    Path("c.csv").write_bytes(PRECIOUS)
    assert (dip(*words).code, Path("c.csv").read_bytes()) == (2, PRECIOUS)
    Path("c.csv").write_bytes(ours)
    assert dip(*words).code == 0


def test_a_curve_that_could_not_take_its_place_is_not_taken_for_ours_later(dip, monkeypatch):
    draw(Path("a.png"))
    words = ("denoise", "a.png", "-o", "w.png", "--curve", "c.csv", *QUICK)

    def appearing(self, step):
        Path("c.csv").write_bytes(PRECIOUS)

    with monkeypatch.context() as patch:
        patch.setattr(Meter, "__call__", appearing)
        assert "what was made is in c.1.csv" in dip(*words).err
    assert (dip(*words).code, Path("c.csv").read_bytes()) == (2, PRECIOUS)
