"""What decides whether a result is up to date: everything that its bytes depend on."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from drawing import QUICK, draw, draw_mask
from PIL import Image

import dipcli

FILL = ("inpaint", "in", "--mask", "masks", "-o", "out", "--json", *QUICK)
ONE = ("inpaint", "in/a.png", "--mask", "masks/a.png", "-o", "a.png", "--json", *QUICK)
CLEAN = ("denoise", "in/a.png", "-o", "a.png", "--json", *QUICK)


@pytest.fixture(autouse=True)
def _pictures(tmp_path: Path) -> None:
    for name in ("a", "b"):
        draw(tmp_path / f"in/{name}.png")
        draw_mask(tmp_path / f"masks/{name}.png")


def statuses(ran) -> dict[str, str]:
    return {Path(one["input"]).stem: one["status"] for one in ran.json if "input" in one}


def edit_mask() -> None:
    levels = np.zeros((16, 20), np.uint8)
    levels[9:13, 2:8] = 255
    Image.fromarray(levels).save("masks/a.png")


def test_in_a_folder_an_edited_mask_is_filled_again_and_the_others_are_left(dip):
    assert statuses(dip(*FILL)) == {"a": "done", "b": "done"}
    assert statuses(dip(*FILL)) == {"a": "up to date", "b": "up to date"}
    before = Path("out/a.png").read_bytes()
    edit_mask()
    assert statuses(dip(*FILL)) == {"a": "done", "b": "up to date"}
    assert Path("out/a.png").read_bytes() != before


def test_alone_an_edited_mask_is_refused_and_the_result_stays(dip):
    assert dip(*ONE).code == 0
    assert statuses(dip(*ONE)) == {"a": "up to date"}
    before = Path("a.png").read_bytes()
    edit_mask()
    ran = dip(*ONE)
    assert ran.code == 2
    assert "a.png exists and was made" in ran.err and "--overwrite" in ran.err
    assert Path("a.png").read_bytes() == before
    assert dip(*ONE, "--overwrite").code == 0
    assert Path("a.png").read_bytes() != before


@pytest.mark.parametrize(
    ("line", "more"),
    [
        (ONE, ("--invert-mask",)),
        (ONE, ("--preset", "fast")),
        (ONE, ("--as-is",)),
        (ONE, ("--seed", "1")),
        (ONE, ("--crop", "16x12+2+2", "--mask", "masks/a.png")),
        (CLEAN, ("--preset", "best")),
        (CLEAN, ("--sigma", "9")),
        (CLEAN, ("--noise", "poisson")),
        (CLEAN, ("--tile", "32")),
        (CLEAN, ("--lr", "0.5")),
        (CLEAN, ("--strength", "0.5")),
        (CLEAN, ("--detail", "0.5")),
        (CLEAN, ("--protect", "masks/a.png")),
        (CLEAN, ("--jpeg-quality", "50")),
    ],
    ids=lambda words: " ".join(words)[:24],
)
def test_another_request_is_never_taken_for_this_one(line, more, dip):
    assert dip(*line).code == 0
    before = Path("a.png").read_bytes()
    ran = dip(*line, *more)
    assert ran.code == 2 and "--overwrite" in ran.err
    assert Path("a.png").read_bytes() == before


@pytest.mark.parametrize(
    "more", [("--verbose",), ("--max-pixels", "1000"), ("--time", "1h"), ()], ids=str
)
def test_what_changes_no_byte_is_up_to_date_but_a_budget_may(more, dip):
    assert dip(*CLEAN).code == 0
    code = dip(*CLEAN, *more).code
    assert code == (2 if "--time" in more else 0)


def test_another_version_makes_a_folder_again(dip, monkeypatch):
    assert statuses(dip(*FILL)) == {"a": "done", "b": "done"}
    monkeypatch.setattr(dipcli, "__version__", "99.0")
    again = dip(*FILL)
    assert statuses(again) == {"a": "done", "b": "done"}
    assert again.json[0]["version"] == "99.0"
    monkeypatch.setattr(dipcli, "__version__", "99.1")
    assert dip(*FILL[:1], "in/a.png", "--mask", "masks/a.png", "-o", "out/a.png").code == 2


def test_an_edited_input_is_made_again_and_a_renamed_one_is_the_same(dip):
    assert statuses(dip(*FILL)) == {"a": "done", "b": "done"}
    draw(Path("in/a.png"), seed=5)
    assert statuses(dip(*FILL)) == {"a": "done", "b": "up to date"}
    shutil.copy("in/b.png", "in/c.png")
    shutil.copy("masks/b.png", "masks/c.png")
    shutil.copy("out/b.png", "out/c.png")
    assert statuses(dip(*FILL)) == {"a": "up to date", "b": "up to date", "c": "up to date"}


def test_a_missing_side_file_is_made_again(dip):
    line = (*CLEAN, "--curve", "x.json")
    assert dip(*line).code == 0
    Path("x.json").unlink()
    assert statuses(dip(*line)) == {"a": "done"}
    assert len(json.loads(Path("x.json").read_text())) > 0


@pytest.mark.parametrize(
    "words",
    [
        ("denoise", "in/a.png", "-o", "in/a.png"),
        ("denoise", "in/a.png", "-o", "in/a.png", "--overwrite"),
        ("denoise", "in", "-o", "in", "--overwrite"),
        ("denoise", "in/a.png", "in/b.png", "-o", "in", "--overwrite"),
        ("denoise", "in/a.png", "-o", "x.png", "--uncertainty", "in/a.png", "--overwrite"),
        ("denoise", "in/a.png", "-o", "link.png", "--overwrite"),
    ],
    ids=lambda words: " ".join(words)[:50],
)
def test_an_output_that_is_an_input_is_refused_and_its_bytes_stay(words, dip):
    Path("link.png").symlink_to("in/a.png")
    files = [path for folder in ("in", "masks") for path in sorted(Path(folder).iterdir())]
    before = [path.read_bytes() for path in files]
    ran = dip(*words, *(("--runs", "2") if "--uncertainty" in words else ()), "--iters", "2")
    assert ran.code == 2, ran.err
    assert "dip: " in ran.err
    assert [path.read_bytes() for path in files] == before
