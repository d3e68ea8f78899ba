"""One picture: what is written, said and recorded."""

import io
import json
import os
import re

import numpy as np
import pytest
from drawing import QUICK, draw, draw_mask, opened
from PIL import Image

import dipcli
from dipcli.pictures import read_provenance


def test_beside_the_input_and_up_to_date_the_second_time(tmp_path, dip):
    draw(tmp_path / "a.png")
    first = dip("denoise", "a.png", *QUICK)
    assert first.code == 0
    assert re.match(r"a\.png -> a_denoise\.png  \(.*\)  step \d+  ", first.err)
    assert first.out == ""
    made = tmp_path / "a_denoise.png"
    before = made.read_bytes(), made.stat().st_mtime_ns
    second = dip("denoise", "a.png", *QUICK)
    assert second.code == 0
    assert second.err == "a_denoise.png is up to date\n"
    assert (made.read_bytes(), made.stat().st_mtime_ns) == before
    other = dip("denoise", "a.png", *QUICK, "--seed", 1)
    assert other.code == 2
    assert "--overwrite" in other.err
    draw(tmp_path / "a.png", seed=5)
    assert dip("denoise", "a.png", *QUICK).code == 2, "the input is another one now"


def test_a_truncated_result_is_not_trusted(tmp_path, dip):
    draw(tmp_path / "a.png")
    for format in ("png", "bmp", "jpg", "tif"):
        assert dip("denoise", "a.png", "-o", f"x.{format}", *QUICK).code == 0
        assert "up to date" in dip("denoise", "a.png", "-o", f"x.{format}", *QUICK).err
        made = tmp_path / f"x.{format}"
        made.write_bytes(made.read_bytes()[:-20])
        ran = dip("denoise", "a.png", "-o", f"x.{format}", *QUICK)
        assert ran.code == 2
        assert "--overwrite" in ran.err


def test_equal_requests_give_equal_bytes(tmp_path, dip, process):
    draw(tmp_path / "a.png")
    draw(tmp_path / "other.png", seed=3)
    assert dip("denoise", "other.png", "-o", "y.png", *QUICK).code == 0
    assert dip("denoise", "a.png", "-o", "x.png", *QUICK).code == 0
    assert process("denoise", "a.png", "-o", "alone.png", *QUICK).code == 0
    assert (tmp_path / "x.png").read_bytes() == (tmp_path / "alone.png").read_bytes()


def test_a_picture_through_a_pipe(tmp_path, process, dip):
    data = draw(tmp_path / "a.png").read_bytes()
    ran = process("denoise", "-", "-q", *QUICK, stdin=data)
    assert (ran.code, ran.err) == (0, "")
    raw = ran.out.encode("latin-1")
    assert Image.open(io.BytesIO(raw)).size == (20, 16)
    assert dip("denoise", "a.png", "-o", "file.png", *QUICK).code == 0
    assert raw == (tmp_path / "file.png").read_bytes()
    empty = process("denoise", "-", "-o", "x.png")
    assert empty.code == 1
    assert empty.err == "dip: standard input: is empty; get the file again\n"


def test_quiet_says_nothing(tmp_path, dip):
    draw(tmp_path / "a.png")
    ran = dip("denoise", "a.png", "-o", "x.png", "-q", *QUICK)
    assert (ran.code, ran.out, ran.err) == (0, "", "")


def test_the_record_is_in_the_file_and_on_stdout(tmp_path, dip):
    draw(tmp_path / "a.png")
    draw(tmp_path / "truth.png", seed=9)
    ran = dip("denoise", "a.png", "-o", "x.png", "--json", "--reference", "truth.png", *QUICK)
    (line,) = ran.json
    inside = json.loads(read_provenance(tmp_path / "x.png"))
    for name in ("command", "version", "preset", "settings", "seed", "stopped_at", "device"):
        assert inside[name] == line[name]
    assert line["status"] == "done"
    assert (line["input"], line["output"]) == ("a.png", "x.png")
    assert line["partial"] is False
    assert line["seconds"] > 0
    assert 5 < line["psnr"] < 60
    assert -1 <= line["ssim"] <= 1
    assert line["settings"]["iters"] == 2
    (again,) = dip("denoise", "a.png", "-o", "x.png", "--json", *QUICK).json
    assert again["status"] == "up to date"
    assert again["fingerprint"] == line["fingerprint"]


def test_what_was_asked_for_beside_the_result(tmp_path, dip):
    draw(tmp_path / "a.png")
    args = ["denoise", "a.png", "-o", "x.png", "--sigma", 9, "--iters", 3, "--runs", 2]
    args += ["--device", "cpu"]
    sides = ["--gif", "x.gif", "--curve", "c.csv", "--uncertainty", "u.png"]
    assert dip(*args).code == 0
    assert dip(*args, *sides).code == 0, "the picture is the same: only what is missing is made"
    assert opened(tmp_path / "x.gif").n_frames > 1
    rows = (tmp_path / "c.csv").read_text().splitlines()
    assert rows[0] == "step,run,stage,loss,psnr"
    assert len(rows) >= 7
    assert opened(tmp_path / "u.png").size == (20, 16)
    assert np.asarray(opened(tmp_path / "u.png")).max() == 255, "white is the largest"
    assert "up to date" in dip(*args, *sides).err
    other = ["--curve", "c.csv"]
    draw(tmp_path / "b.png", seed=2)
    ran = dip("denoise", "b.png", "-o", "y.png", *QUICK, *other)
    assert ran.code == 2, "another picture's curve is not overwritten"
    assert "c.csv exists" in ran.err


def test_alpha_is_carried_and_enlarged(tmp_path, dip):
    source = opened(draw(tmp_path / "a.png", mode="RGBA"))
    alpha = np.asarray(source)[..., 3]
    assert dip("denoise", "a.png", "-o", "x.png", *QUICK).code == 0
    assert np.array_equal(np.asarray(opened(tmp_path / "x.png"))[..., 3], alpha)
    assert dip("superres", "a.png", "-o", "y.png", "--scale", 2, *QUICK).code == 0
    large = opened(tmp_path / "y.png")
    assert (large.size, large.mode) == ((40, 32), "RGBA")


def test_inpainting_keeps_what_is_known_and_fills_transparency(tmp_path, dip):
    before = np.asarray(opened(draw(tmp_path / "a.png")))
    draw_mask(tmp_path / "mask.png")
    hole = np.asarray(opened(tmp_path / "mask.png")) > 127
    assert dip("inpaint", "a.png", "--mask", "mask.png", "-o", "x.png", *QUICK).code == 0
    after = np.asarray(opened(tmp_path / "x.png"))
    assert np.array_equal(after[~hole], before[~hole])
    assert not np.array_equal(after[hole], before[hole])
    rgba = np.dstack([before, np.where(hole, 0, 200).astype(np.uint8)])
    Image.fromarray(rgba).save(tmp_path / "b.png")
    assert dip("inpaint", "b.png", "--mask", "alpha", "-o", "y.png", *QUICK).code == 0
    filled = np.asarray(opened(tmp_path / "y.png"))
    assert (filled[..., 3][hole] == 255).all()
    assert np.array_equal(filled[~hole], rgba[~hole])


@pytest.mark.parametrize("task", ["superres", "inpaint"])
def test_a_jpeg_is_restored_on_the_way_unless_as_is(task, tmp_path, dip):
    draw(tmp_path / "a.jpg", size=(40, 36))
    draw_mask(tmp_path / "m.png", size=(40, 36))
    words = [task, "a.jpg", "--preset", "fast", *QUICK]
    words += ["--mask", "m.png"] if task == "inpaint" else ["--scale", "2"]
    (line,) = dip(*words, "-o", "x.png", "--json").json
    assert (line["notes"]["noise"], line["notes"]["restored"]) == ("jpeg", True)
    assert "as_is" not in line["options"]
    (line,) = dip(*words, "-o", "y.png", "--json", "--as-is").json
    assert "noise" not in line["notes"]
    assert line["options"]["as_is"] is True
    assert "--as-is" in line["command"].split()
    assert (tmp_path / "x.png").read_bytes() != (tmp_path / "y.png").read_bytes()
    assert dip(*words, "-o", "x.png", "--as-is").code == 2, "another request"


def test_a_crop_of_picture_mask_and_reference(tmp_path, dip):
    draw(tmp_path / "a.png")
    draw_mask(tmp_path / "mask.png")
    args = ["--mask", "mask.png", "--reference", "a.png", "--crop", "12x8+3+2", "-o", "x.png"]
    ran = dip("inpaint", "a.png", *args, "--json", *QUICK)
    assert ran.code == 0
    assert opened(tmp_path / "x.png").size == (12, 8)
    assert ran.json[0]["psnr"] > 10
    elsewhere = dip("inpaint", "a.png", "--mask", "mask.png", "--crop", "3x3+0+0", *QUICK)
    assert elsewhere.code == 2
    assert "covers nothing of the part 3x3+0+0" in elsewhere.err


def test_fit_writes_a_curve_per_target(tmp_path, dip):
    draw(tmp_path / "a.png", mode="L")
    args = ["--targets", "natural,noise", "--curve", "c.json", "-o", "x.png"]
    assert dip("fit", "a.png", *args, *QUICK).code == 0
    rows = json.loads((tmp_path / "c.json").read_text())
    assert {row["stage"] for row in rows} == {"natural", "noise"}
    assert opened(tmp_path / "x.png").mode == "L"


def test_format_name_and_times(tmp_path, dip):
    source = draw(tmp_path / "a b ü.png")
    os.utime(source, (1_000_000_000, 1_000_000_000))
    args = ["--name", "{stem}-{task}-{preset}{suffix}", "--format", "jpg", "--preserve"]
    assert dip("denoise", source, *args, *QUICK).code == 0
    made = tmp_path / "a b ü-denoise-auto.jpg"
    assert opened(made).format == "JPEG"
    assert made.stat().st_mtime == 1_000_000_000
    assert dip("denoise", source, "-o", "deep/er/", *QUICK).code == 0
    made = tmp_path / "deep/er/a b ü.png"
    assert made.stat().st_mtime > 1_600_000_000, "without --preserve the time is that of writing"


def test_a_dry_run_writes_nothing(tmp_path, dip):
    draw(tmp_path / "a.png")
    ran = dip("denoise", "a.png", "-o", "new/x.png", "-n", "--json")
    assert ran.code == 0
    assert "about" in ran.err
    (line,) = ran.json
    assert line["status"] == "planned"
    assert line["seconds"] > 0
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_a_dry_run_knows_what_the_scale_asks_for(tmp_path, dip):
    draw(tmp_path / "a.png", (64, 64))
    options = ("superres", "a.png", "-n", "--json", "--preset", "paper", "--scale")
    (four,), (eight,) = (dip(*options, scale).json for scale in (4, 8))
    assert eight["seconds"] > 7 * four["seconds"], "four times the pixels, twice the steps"


@pytest.mark.parametrize("name", ["auto", "fast", "best", "paper"])
def test_presets_show_values_and_reasons(name, dip):
    assert dip("presets", name).out.startswith(name)
    (found,) = json.loads(dip("presets", name, "--json").out).values()
    assert set(found["settings"]) == set(dipcli.tasks.TASKS)
    assert all(row["reason"] for row in found["reasons"])


def test_doctor(dip):
    facts = json.loads(dip("doctor", "--json").out)
    assert "cpu" in facts["devices"]
    assert facts["packages"]["torch"]
    assert "threads" in dip("doctor").out


def test_every_record_says_how_far_the_result_can_be_trusted(tmp_path, dip):
    draw(tmp_path / "a.png", size=(48, 40))
    draw_mask(tmp_path / "mask.png", size=(48, 40))
    common = {"spread", "stopped_at", "why"}
    seen = {"noise_before", "noise_after", "residual", "whiteness", "structure"}
    quick = ("--preset", "fast", *QUICK, "--channels", "4,8")
    for task, more, keys in (
        ("denoise", (), seen),
        ("inpaint", ("--mask", "mask.png"), {"noise_after"}),
        ("superres", ("--scale", 2), {"noise_before", "residual"}),
        ("fit", (), {"noise_before", "noise_after", "residual"}),
    ):
        ran = dip(task, "a.png", "-o", f"{task}.png", "--json", *more, *quick)
        assert ran.code == 0, ran.err
        trust = ran.json[0]["notes"]["trust"]
        assert set(trust) - {"warning"} == common | keys
        inside = json.loads(read_provenance(tmp_path / f"{task}.png"))
        assert inside["notes"]["trust"] == trust


def test_a_doubtful_result_is_warned_of_on_stderr_and_in_the_record(tmp_path, dip):
    draw(tmp_path / "a.png", size=(64, 64))
    ran = dip("denoise", "a.png", "-o", "x.png", "--json", "--sigma", 3, "--preset", "fast")
    assert ran.code == 0
    warning = ran.json[0]["notes"]["trust"]["warning"]
    assert "noise is left" in warning
    assert f"a.png: {warning}\n" in ran.err


def test_a_mask_turned_round_by_mistake_is_told_to_leave_that_out(tmp_path, dip):
    draw(tmp_path / "a.png", (100, 110))
    Image.new("L", (100, 110), 0).save(tmp_path / "mask.png")
    with Image.open(tmp_path / "mask.png") as mask:
        mask.paste(255, (5, 5, 8, 8))
        mask.save(tmp_path / "mask.png")
    ran = dip("inpaint", "a.png", "--mask", "mask.png", "--invert-mask", "-o", "x.png", *QUICK)
    assert "leave --invert-mask out" in ran.err
    assert "add --invert-mask" not in ran.err
