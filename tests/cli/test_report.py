"""`--report`: one page of a picture or of a folder, which replaces nothing of the user's."""

import json
import re
import shlex

import pytest
from drawing import draw, draw_mask

FAST = ("--preset", "fast", "--device", "cpu")


def data_of(path):
    text = path.read_text("utf-8")
    return json.loads(re.search(r'id="data">(.*?)</script>', text, re.S)[1])


def test_the_page_of_a_picture_holds_everything(tmp_path, dip):
    draw(tmp_path / "a.png")
    draw(tmp_path / "truth.png", seed=1)
    more = ("--reference", "truth.png", "--report", "page.html", "--json")
    ran = dip("denoise", "a.png", "-o", "b.png", *FAST, *more)
    assert ran.code == 0
    assert "view" not in ran.json[0]
    found = data_of(tmp_path / "page.html")
    assert not found["gallery"] and found["title"] == "dip denoise: a.png"
    one = found["entries"][0]
    names = [layer["name"] for layer in one["layers"]]
    assert names == ["before", "after", "removed", "reference"]
    assert all(layer["src"].startswith("data:") for layer in one["layers"])
    assert one["links"] == {"the input": "a.png", "the result": "b.png"}
    assert one["command"].startswith("dip denoise a.png --preset fast")
    assert one["command"].endswith("-o b.png")
    assert any(text.startswith("Against the reference: PSNR") for text in one["words"])
    assert not (tmp_path / "page_files").exists()


def test_the_command_on_the_page_makes_the_same_bytes(tmp_path, dip):
    draw(tmp_path / "a b.png")
    assert dip("denoise", "a b.png", "-o", "b.png", *FAST, "--report", "page.html").code == 0
    command = shlex.split(data_of(tmp_path / "page.html")["entries"][0]["command"])
    before = (tmp_path / "b.png").read_bytes()
    (tmp_path / "b.png").unlink()
    assert dip(*command[1:]).code == 0
    assert (tmp_path / "b.png").read_bytes() == before


def test_a_gallery_has_every_picture_in_order_and_its_files_beside_it(tmp_path, dip):
    (tmp_path / "in").mkdir()
    for seed, name in enumerate(("a", "b")):
        draw(tmp_path / "in" / f"{name}.png", seed=seed)
    (tmp_path / "in" / "broken.png").write_bytes(b"no picture")
    folder = ("denoise", "in", "-o", "out", *FAST, "--report", "page.html")
    assert dip(*folder).code == 1
    found = data_of(tmp_path / "page.html")
    assert found["gallery"] and found["title"] == "dip denoise: 3 pictures"
    by_name = {one["name"]: one for one in found["entries"]}
    assert "not a PNG" in by_name["in/broken.png"]["message"]
    assert by_name["in/broken.png"]["status"] == "failed"
    sources = [layer["src"] for layer in by_name["in/b.png"]["layers"]]
    assert all((tmp_path / one).is_file() for one in sources)
    assert sources[0] == "page_files/2-before.png"
    again = dip(*folder)
    assert "2 up to date" in again.err
    shown = {one["name"]: one for one in data_of(tmp_path / "page.html")["entries"]}
    assert shown["in/a.png"]["status"] == "up to date" and len(shown["in/a.png"]["layers"]) == 3


def test_a_mask_is_shown(tmp_path, dip):
    draw(tmp_path / "a.png")
    draw_mask(tmp_path / "m.png")
    options = ("--mask", "m.png", "-o", "b.png", *FAST, "--report", "page.html")
    assert dip("inpaint", "a.png", *options).code == 0
    one = data_of(tmp_path / "page.html")["entries"][0]
    assert "mask" in [layer["name"] for layer in one["layers"]]
    assert "--mask m.png" in one["command"]


def test_a_page_of_somebody_else_stays(tmp_path, dip):
    draw(tmp_path / "a.png")
    (tmp_path / "page.html").write_text("<html>letters</html>")
    options = ("denoise", "a.png", "-o", "b.png", *FAST, "--report", "page.html")
    ran = dip(*options)
    assert ran.code == 2 and "is no report of dip's" in ran.err
    assert (tmp_path / "page.html").read_text() == "<html>letters</html>"
    assert not (tmp_path / "b.png").exists()
    assert dip(*options, "--overwrite").code == 0
    assert dip(*options).code == 0  # a page of ours is made again


@pytest.mark.parametrize("name", ["a.png", "page.txt", "folder.html"])
def test_what_cannot_be_a_page_is_refused(tmp_path, dip, name):
    draw(tmp_path / "a.png")
    (tmp_path / "folder.html").mkdir()
    ran = dip("denoise", "a.png", "-o", "b.png", *FAST, "--report", name, "--overwrite")
    assert ran.code == 2 and name in ran.err
    assert not (tmp_path / "b.png").exists()


def test_an_input_is_never_the_page(tmp_path, dip):
    draw(tmp_path / "a.png")
    (tmp_path / "page.html").symlink_to("a.png")
    ran = dip("denoise", "a.png", "-o", "b.png", *FAST, "--report", "page.html", "--overwrite")
    assert ran.code == 2 and "an input that this run reads" in ran.err


TINY = ("--iters", "2", "--runs", "1", "--channels", "4,4", "--device", "cpu", "--stop", "none")


def test_a_sweep_has_a_gallery_under_its_sheet_and_its_curves(tmp_path, dip):
    draw(tmp_path / "a.png")
    words = ("sweep", "fit", "a.png", "-o", "grid", *TINY, "--vary", "lr=0.1,0.01")
    ran = dip(*words, "--reference", "a.png", "--report", "page.html")
    assert ran.code == 0, ran.err
    found = data_of(tmp_path / "page.html")
    assert found["gallery"] and found["title"] == "dip sweep fit: 2 results"
    assert [one["src"] for one in found["sheets"]] == ["grid/sheet.png", "grid/curves.svg"]
    assert all((tmp_path / one["src"]).is_file() for one in found["sheets"])
    first, second = found["entries"]
    assert first["name"] == "a.png [lr=0.1]" and second["psnr"] > 0
    assert "--lr 0.01" in second["command"] and second["charts"]
    assert first["layers"][1]["label"] == "fitted"
    again = dip(*words, "--reference", "a.png", "--report", "page.html")
    assert "2 up to date" in again.err
    assert len(data_of(tmp_path / "page.html")["sheets"]) == 2


def test_the_curves_of_all_targets_are_on_the_page_of_a_fit(tmp_path, dip):
    draw(tmp_path / "a.png")
    words = ("fit", "a.png", "-o", "b.png", *TINY, "--targets", "natural,noise")
    assert dip(*words, "--report", "page.html").code == 0
    (loss,) = data_of(tmp_path / "page.html")["entries"][0]["charts"]
    assert ">natural<" in loss and ">noise<" in loss


def test_a_flash_picture_and_its_command_are_on_the_page(tmp_path, dip):
    draw(tmp_path / "a.png", size=(40, 32))
    draw(tmp_path / "f.png", size=(40, 32), seed=1)
    words = ("flash", "a.png", "--flash", "f.png", "-o", "b.png", *FAST)
    assert dip(*words, "--report", "page.html").code == 0
    one = data_of(tmp_path / "page.html")["entries"][0]
    assert "--flash f.png" in one["command"] and len(one["layers"]) == 3


@pytest.mark.parametrize(
    ("words", "option", "told"),
    [
        (("learn", "a", "b", "-o", "m.safetensors"), "--report", "dip denoise"),
        (("doctor",), "--report", "dip maximize"),
        (("superres", "a.png"), "--sigma", "dip denoise, dip flash, dip learn"),
    ],
)
def test_an_option_of_other_commands_names_them(dip, words, option, told):
    ran = dip(*words, option, "9")
    assert ran.code == 2 and f"No such option '{option}' here" in ran.err and told in ran.err
