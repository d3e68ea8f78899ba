"""`dip denoise --strength --detail --protect`, and turning them again without a new run."""

import json
from pathlib import Path

import numpy as np
import pytest
from drawing import draw, draw_mask, opened

from dipcli.pictures import read, read_provenance

FAST = ("--preset", "fast", "--sigma", "20", "--device", "cpu")
MIXED = ("--strength", "0.7,1", "--detail", "0.5")


@pytest.fixture(autouse=True)
def _pictures(tmp_path: Path) -> None:
    draw(tmp_path / "a.png", (40, 32))
    draw_mask(tmp_path / "mask.png", (40, 32))
    draw_mask(tmp_path / "small.png", (10, 8))


def record(path: str) -> dict:
    return json.loads(read_provenance(Path(path)))


@pytest.fixture
def no_run(monkeypatch):
    """Whatever is restored from here on fails."""

    def forbid() -> None:
        monkeypatch.setattr("dipcli.api.restore", lambda *a, **k: pytest.fail("restored"))

    return forbid


def test_the_record_says_what_was_asked_for(dip):
    assert dip("denoise", "a.png", "-o", "x.png", *FAST).code == 0
    assert record("x.png")["controls"] == {"strength": [1, 1], "detail": 0, "protect": None}
    assert dip("denoise", "a.png", "-o", "y.png", *FAST, *MIXED, "--protect", "mask.png").code == 0
    found = record("y.png")
    assert found["controls"]["strength"] == [0.7, 1]
    assert found["controls"]["detail"] == 0.5
    assert len(found["controls"]["protect"]) == 64
    assert "--strength 0.7,1.0 --detail 0.5" in found["command"]
    mask = np.asarray(opened(Path("mask.png"))) > 127
    assert np.array_equal(
        np.asarray(opened(Path("y.png")))[mask], np.asarray(opened(Path("a.png")))[mask]
    )


@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp"])
def test_a_result_is_mixed_again_to_the_bytes_of_a_new_run(suffix, dip, no_run):
    more = (*FAST, *MIXED, "--protect", "mask.png")
    assert dip("denoise", "a.png", "-o", f"new{suffix}", *more).code == 0
    assert dip("denoise", "a.png", "-o", f"x{suffix}", *FAST).code == 0
    refused = dip("denoise", "a.png", "-o", f"x{suffix}", *more)
    assert refused.code == 2
    assert "--overwrite replaces it" in refused.err
    no_run()
    ran = dip("denoise", "a.png", "-o", f"x{suffix}", *more, "--overwrite", "-v")
    assert ran.code == 0, ran.err
    assert f"x{suffix} held the restoration; only the controls were applied" in ran.err
    assert Path(f"x{suffix}").read_bytes() == Path(f"new{suffix}").read_bytes()
    assert dip("denoise", "a.png", "-o", f"x{suffix}", *more).err.endswith("is up to date\n")


@pytest.mark.parametrize("kind", ["16 bit", "float", "gray", "alpha", "webp", "crop"])
def test_other_depths_and_kinds_are_mixed_again_too(kind, dip, no_run):
    name = {"webp": "a.webp", "16 bit": "a.tif", "float": "a.tif"}.get(kind, "b.png")
    levels = np.random.default_rng(3).integers(0, 256, (32, 40, 4), dtype=np.uint8)
    picture = {"gray": levels[..., 0], "alpha": levels}.get(kind, levels[..., :3])
    if kind in ("16 bit", "float"):
        import tifffile

        deep = picture.astype(np.uint16) * 200 if kind == "16 bit" else picture / np.float32(255)
        tifffile.imwrite(name, deep, photometric="rgb")
    else:
        from PIL import Image

        Image.fromarray(picture).save(name, **({"lossless": True} if kind == "webp" else {}))
    suffix = Path(name).suffix
    crop = ("--crop", "24x20+4+6") if kind == "crop" else ()
    more = (*FAST, *MIXED, "--protect", "mask.png", *crop)
    assert dip("denoise", name, "-o", f"new{suffix}", *more).code == 0
    assert dip("denoise", name, "-o", f"x{suffix}", *FAST, *crop).code == 0
    no_run()
    assert dip("denoise", name, "-o", f"x{suffix}", *more, "--overwrite").code == 0
    assert Path(f"x{suffix}").read_bytes() == Path(f"new{suffix}").read_bytes()
    assert read(Path(f"x{suffix}")).meta.depth == read(Path(name)).meta.depth


@pytest.mark.parametrize(
    "change", ["lossy", "sigma", "input", "mixed before", "curve", "foreign", "cut"]
)
def test_anything_else_takes_a_new_run(change, dip):
    out = "x.jpg" if change == "lossy" else "x.png"
    first = (*FAST, "--strength", "0.5") if change == "mixed before" else FAST
    assert dip("denoise", "a.png", "-o", out, *first).code == 0
    if change == "input":
        draw(Path("a.png"), (40, 32), seed=5)
    if change == "foreign":
        draw(Path("x.png"), (40, 32), seed=5)
    if change == "cut":
        Path("x.png").write_bytes(Path("x.png").read_bytes()[:-20])
    more = {"sigma": ("--sigma", "21"), "curve": ("--curve", "c.csv")}.get(change, ())
    ran = dip("denoise", "a.png", "-o", out, *FAST, *MIXED, *more, "--overwrite", "-v")
    assert ran.code == 0, ran.err
    assert "only the controls were applied" not in ran.err


def test_a_folder_is_mixed_again(dip, no_run, tmp_path):
    for name in ("a", "b"):
        draw(tmp_path / "in" / f"{name}.png", (24, 20), seed=ord(name))
        draw_mask(tmp_path / "masks" / f"{name}.png", (24, 20))
    assert dip("denoise", "in", "-o", "out", *FAST).code == 0
    no_run()
    more = ("--strength", "0", "--protect", "masks", "--overwrite")
    ran = dip("denoise", "in", "-o", "out", *FAST, *more)
    assert ran.code == 0, ran.err
    for name in ("a", "b"):
        before, after = (read(tmp_path / place / f"{name}.png") for place in ("in", "out"))
        assert np.array_equal(before.pixels, after.pixels)


def test_another_mask_is_another_result(dip):
    more = (*FAST, "--protect", "mask.png")
    assert dip("denoise", "a.png", "-o", "x.png", *more).code == 0
    assert "up to date" in dip("denoise", "a.png", "-o", "x.png", *more).err
    draw(Path("mask.png"), (40, 32), mode="L")
    ran = dip("denoise", "a.png", "-o", "x.png", *more)
    assert ran.code == 2
    assert "--overwrite" in ran.err


def test_what_is_as_by_default_is_the_same_request(dip):
    assert dip("denoise", "a.png", "-o", "x.png", *FAST).code == 0
    ran = dip("denoise", "a.png", "-o", "x.png", *FAST, "--strength", "1", "--detail", "0")
    assert "up to date" in ran.err


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ("--strength 1.5", 2, "1.5 is not in the range 0 to 1"),
        ("--strength nan", 2, "nan is not in the range 0 to 1"),
        ("--strength much", 2, "'much' is not a number"),
        ("--strength 1,1,1", 2, "'1,1,1' is not a strength such as 0.7"),
        ("--detail -1", 2, "-1 is not in the range 0 to 1"),
        ("--protect small.png", 2, "small.png is 10x8 but a.png is 40x32; scale the mask"),
        ("--protect nope.png", 2, "nope.png does not exist"),
    ],
)
def test_one_line_for_what_is_wrong(words, code, message, dip):
    ran = dip("denoise", "a.png", "-o", "x.png", *words.split())
    assert ran.code == code
    assert message in ran.err
    assert ran.err.count("\n") == 1
    assert not Path("x.png").exists()


def test_a_mask_that_protects_nothing_is_told(dip):
    from PIL import Image

    Image.new("L", (40, 32), 0).save("black.png")
    ran = dip("denoise", "a.png", "-o", "x.png", *FAST, "--protect", "black.png")
    assert ran.code == 0
    assert "black.png protects nothing: what is white is left as it was" in ran.err
