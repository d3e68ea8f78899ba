"""Bad input: one clear line, the right exit code, nothing written and nothing lost."""

import pytest
from drawing import QUICK, draw, draw_mask, opened
from PIL import Image

from dipcli.errors import PictureError
from dipcli.pictures.headers import RefusedError
from dipcli.pictures.scanning import as_picture_error


@pytest.fixture
def pictures(tmp_path):
    draw(tmp_path / "a.png")
    draw(tmp_path / "rgba.png", mode="RGBA")
    draw_mask(tmp_path / "mask.png")
    draw_mask(tmp_path / "small.png", (10, 8))
    (tmp_path / "text.png").write_text("not a picture at all, but a text")
    (tmp_path / "cut.png").write_bytes((tmp_path / "a.png").read_bytes()[:200])
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "nothing").mkdir()
    (tmp_path / "there.png").write_bytes(b"precious")
    Image.new("L", (20, 16), 0).save(tmp_path / "black.png")
    return tmp_path


CASES = [
    ("denoise nope.png", 2, "nope.png does not exist"),
    ("denoise text.png", 1, "text.png"),
    ("denoise cut.png", 1, "cut.png: is truncated"),
    ("denoise empty.jpg", 1, "empty.jpg: is empty"),
    ("denoise nothing", 3, "no picture in nothing"),
    ("denoise a.png --preset quick", 2, "'quick' is not one of 'auto', 'fast', 'best', 'paper'"),
    ("denoise a.png --sigma -5", 2, "-5 is not in the range 0 to 255"),
    ("denoise a.png --sigma loud", 2, "'loud' is neither auto nor a number"),
    ("denoise a.png --iters 0", 2, "'--iters'"),
    ("denoise a.png --lr 99", 2, "lr is 99"),
    ("denoise a.png --channels 8,16 --skip-channels 1,2,3", 2, "skip_channels has 3 values"),
    ("denoise a.png --time soon", 2, "'soon' is not a duration"),
    ("denoise a.png --crop 99x9+0+0", 2, "--crop 99x9+0+0 reaches outside of a.png"),
    ("denoise a.png --device cuda:99", 2, "device cuda:99 is not present"),
    ("denoise a.png --device abacus", 2, "unknown device 'abacus'"),
    ("denoise a.png -o there.png", 2, "there.png exists and was made by something else"),
    ("denoise a.png -o a.png --overwrite", 2, "a.png is the input itself"),
    ("denoise a.png -o text.png/x.png", 2, "text.png is not a folder"),
    ("denoise a.png -o x.gifv", 2, "no format has the suffix .gifv"),
    ("denoise a.png --format xcf", 2, "'xcf' is not one of png, jpg"),
    ("denoise rgba.png -o x.jpg", 1, "transparency"),
    ("denoise a.png --name {steam}.png", 2, "unknown field {steam}"),
    ("denoise a.png --gif x.avi", 2, "choose .gif, .webp, .apng or .mp4"),
    ("denoise a.png --gif-every 3", 2, "--gif-every needs --gif"),
    ("denoise a.png --curve x.txt", 2, "choose .csv, .json, .png or .svg"),
    ("denoise a.png --uncertainty x.txt", 2, "--uncertainty x.txt"),
    ("denoise a.png --uncertainty x.png --preset fast", 2, "give --runs 2 or more"),
    ("denoise a.png --reference small.png", 2, "small.png is 10x8 but a.png is 20x16"),
    ("denoise a.png rgba.png -o x.png --gif x.gif", 2, "try x_{stem}.gif"),
    ("denoise a.png -o x.png --curve x.png", 2, "x.png would be two results of a.png"),
    ("denoise a.png rgba.png -o there.png", 2, "there.png is a file"),
    ("denoise a.png rgba.png -o -", 2, "-o - is for one picture"),
    ("denoise a.png -o - --json", 2, "cannot both go to standard output"),
    ("denoise a.png --shard 3/2", 2, "'3/2' is not a part"),
    ("denoise a.png --max-pixels 100", 1, "a.png"),
    ("superres a.png --scale 5", 2, "'5' is not one of"),
    ("inpaint a.png", 2, "Missing option '--mask'"),
    ("inpaint a.png --mask small.png", 2, "small.png is 10x8 but a.png is 20x16; scale the mask"),
    ("inpaint a.png --mask black.png", 2, "black.png covers nothing"),
    ("inpaint a.png --mask black.png --invert-mask", 2, "black.png covers everything"),
    ("inpaint a.png --mask alpha", 2, "a.png has no transparent pixels"),
    ("inpaint a.png --mask text.png", 2, "text.png"),
    ("inpaint a.png --mask nope.png", 2, "nope.png does not exist"),
    ("fit a.png --targets natural,dream", 2, "'dream' is not one of"),
]


@pytest.mark.parametrize(("command", "code", "message"), CASES, ids=[case[0] for case in CASES])
def test_one_line_and_nothing_written(command, code, message, pictures, dip):
    before = {path: path.read_bytes() for path in pictures.rglob("*") if path.is_file()}
    ran = dip(*command.split())
    assert ran.code == code
    assert message in ran.err
    assert ran.err.startswith("dip: ")
    assert ran.err.count("\n") == 1
    assert ran.out == ""
    after = {path: path.read_bytes() for path in pictures.rglob("*") if path.is_file()}
    assert after == before


@pytest.mark.parametrize("kind", ["truncated", "exists", "option"])
def test_the_executable_says_the_same(kind, pictures, process):
    args, code = {
        "truncated": (["denoise", "cut.png"], 1),
        "exists": (["denoise", "a.png", "-o", "there.png"], 2),
        "option": (["denoise", "a.png", "--preset", "quick"], 2),
    }[kind]
    ran = process(*args)
    assert ran.code == code
    assert ran.err.startswith("dip: ")
    assert ran.err.count("\n") == 1
    assert (pictures / "there.png").read_bytes() == b"precious"


def test_an_output_is_replaced_when_told(pictures, dip):
    ran = dip("denoise", "a.png", "-o", "there.png", "--overwrite", *QUICK)
    assert ran.code == 0
    assert opened(pictures / "there.png").size == (20, 16)


def test_one_pixel_is_restored_or_refused_in_one_line(tmp_path, dip):
    Image.new("RGB", (1, 1), (10, 20, 30)).save(tmp_path / "dot.png")
    ran = dip("denoise", "dot.png", "-o", "x.png", *QUICK)
    assert ran.code == 0
    assert opened(tmp_path / "x.png").size == (1, 1)


def test_debug_shows_where(pictures, dip):
    ran = dip("inpaint", "a.png", "--mask", "small.png", "--debug")
    assert ran.code == 2
    assert "Traceback" in ran.err


def test_a_read_only_place_is_told_before_the_first_step(pictures, dip):
    ran = dip("denoise", "a.png", "-o", "/proc/dip/x.png")
    assert ran.code == 2
    assert "not writable" in ran.err


def test_damage_comes_with_what_to_do():
    told = "standard input: is damaged: it has no pixels; get an intact copy"
    with pytest.raises(PictureError, match=told), as_picture_error(b"some bytes"):
        raise RefusedError("is damaged: it has no pixels")


def test_an_input_that_is_given_twice_is_named(dip, tmp_path):
    draw(tmp_path / "a.png")
    ran = dip("denoise", "a.png", "a.png", "-o", "out")
    assert ran.code == 2
    assert ran.err == "dip: a.png is given 2 times; give it once\n"
