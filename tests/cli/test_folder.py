"""Folders: every picture gets one outcome, and nothing is done twice or lost."""

import shutil

import pytest
from drawing import QUICK, draw, draw_mask, opened
from PIL import Image

from dipcli.batch import parallel


def files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*"))


@pytest.fixture
def photos(tmp_path):
    draw(tmp_path / "in/a.png")
    draw(tmp_path / "in/deep/b.jpg", seed=1)
    draw(tmp_path / "in/deep/er/c.bmp", seed=2)
    (tmp_path / "in/notes.txt").write_text("no picture")
    (tmp_path / "in/broken.png").write_bytes((tmp_path / "in/a.png").read_bytes()[:300])
    (tmp_path / "in/.hidden.png").write_text("no business of ours")
    return tmp_path / "in"


def test_the_tree_is_mirrored_and_one_bad_file_stops_nothing(photos, tmp_path, dip):
    out = tmp_path / "in/out"
    args = ["denoise", "in", "-o", "in/out", "--recursive", *QUICK]
    first = dip(*args, "--json")
    assert first.code == 1
    assert files(out) == ["a.png", "deep/b.jpg", "deep/er/c.bmp", "deep/er/c.bmp.dip.json"]
    assert first.err.splitlines()[-1].startswith("dip: in/broken.png: is truncated")
    *lines, summary = first.json
    assert sorted(line["status"] for line in lines) == ["done", "done", "done", "failed"]
    assert summary["summary"] is True
    assert (summary["pictures"], summary["failed"], summary["exit_code"]) == (4, 1, 1)

    (photos / "broken.png").unlink()
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.*")}
    second = dip(*args)
    assert second.code == 0
    assert "3 pictures: 3 up to date" in second.err
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*.*")} == before

    draw(photos / "a.png", seed=7)  # changed: its result is ours and is made again
    third = dip(*args)
    assert third.code == 0
    assert "1 done, 2 up to date" in third.err

    (out / "a.png").write_bytes(b"somebody else's")
    fourth = dip(*args)
    assert fourth.code == 2
    assert "a.png exists and was made by something else" in fourth.err
    assert (out / "a.png").read_bytes() == b"somebody else's"


def test_without_recursive_subfolders_are_left(photos, dip, tmp_path):
    assert dip("denoise", "in", "-o", "out", *QUICK).code == 1
    assert files(tmp_path / "out") == ["a.png"]
    (tmp_path / "in/a.png").unlink()
    (tmp_path / "in/broken.png").unlink()
    ran = dip("denoise", "in", "-o", "out", *QUICK)
    assert ran.code == 3
    assert "--recursive" in ran.err


def test_results_beside_their_inputs_are_not_restored_again(tmp_path, dip):
    draw(tmp_path / "in/a.png")
    draw(tmp_path / "in/b.png", seed=1)
    for _ in range(2):
        assert dip("denoise", "in", *QUICK).code == 0
        assert files(tmp_path / "in") == ["a.png", "a_denoise.png", "b.png", "b_denoise.png"]


def test_collisions_are_refused_before_the_first_step(tmp_path, dip):
    draw(tmp_path / "in/a.png")
    draw(tmp_path / "in/a.jpg")
    ran = dip("denoise", "in", "-o", "out", "--format", "png", *QUICK)
    assert ran.code == 2
    assert "in/a.jpg and in/a.png would both become out/a.png" in ran.err
    assert not (tmp_path / "out").exists()
    assert dip("denoise", "in", "-o", "out", *QUICK).code == 0
    assert files(tmp_path / "out") == ["a.jpg", "a.png"]


def test_masks_are_paired_by_stem(tmp_path, dip):
    draw(tmp_path / "in/a.png")
    draw(tmp_path / "in/deep/b.jpg", seed=1)
    draw(tmp_path / "in/c.png", seed=2)
    draw_mask(tmp_path / "masks/a.png")
    draw_mask(tmp_path / "masks/deep/b.png")
    args = ["inpaint", "in", "-o", "out", "-r", "--mask", "masks", *QUICK]
    ran = dip(*args)
    assert ran.code == 1  # one picture failed, as any other; the others are done
    assert "dip: in/c.png: no mask named c.* in masks" in ran.err
    assert files(tmp_path / "out") == ["a.png", "deep/b.jpg"]
    draw_mask(tmp_path / "masks/c.png")
    assert "1 done, 2 up to date" in dip(*args).err


def test_shards_share_a_folder_without_overlap(tmp_path, dip):
    names = [f"p{i}.png" for i in range(6)]
    for i, name in enumerate(names):
        draw(tmp_path / "in" / name, size=(8, 8), seed=i)
    seen = []
    for part in (1, 2):
        ran = dip("denoise", "in", "-o", f"out{part}", "--shard", f"{part}/2", *QUICK)
        assert ran.code == 0
        seen += files(tmp_path / f"out{part}")
    assert sorted(seen) == names
    assert 0 < len(files(tmp_path / "out1")) < 6


def test_a_picture_is_the_same_alone_and_among_others(tmp_path, dip):
    draw(tmp_path / "in/a.png")
    draw(tmp_path / "in/b.png", seed=1)
    assert dip("denoise", "in", "-o", "out", *QUICK).code == 0
    assert dip("denoise", "in/b.png", "-o", "b.png", *QUICK).code == 0
    assert (tmp_path / "out/b.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_side_files_by_template(tmp_path, dip):
    draw(tmp_path / "in/a.png")
    draw(tmp_path / "in/b.png", seed=1)
    ran = dip("denoise", "in", "-o", "out", "--curve", "curves/{stem}.csv", *QUICK)
    assert ran.code == 0, ran.err
    assert files(tmp_path / "curves") == ["a.csv", "b.csv"]


def test_several_at_a_time(tmp_path, process, dip):
    for i in range(3):
        draw(tmp_path / f"in/{i}.png", seed=i)
    assert process("denoise", "in", "-o", "out", "--jobs", 2, *QUICK).code == 0
    assert "3 up to date" in dip("denoise", "in", "-o", "out", *QUICK).err
    assert opened(tmp_path / "out/2.png").size == (20, 16)


@pytest.mark.parametrize("where", ["flag", "environment", "file"])
def test_jobs_auto_asks_how_many_pay(where, tmp_path, dip, monkeypatch):
    asked = []

    def alone(jobs, request):
        asked.append(len(jobs))
        return parallel.Division(1)

    monkeypatch.setattr(parallel, "best_division", alone)
    for i in range(3):
        draw(tmp_path / f"in/{i}.png", seed=i)
    given = ["--jobs", "auto"] if where == "flag" else []
    if where == "environment":
        monkeypatch.setenv("DIP_DENOISE_JOBS", "auto")
    if where == "file":
        (tmp_path / "home/dip").mkdir(parents=True)
        (tmp_path / "home/dip/dip.toml").write_text('jobs = "auto"\n')
    ran = dip("denoise", "in", "-o", "out", *given, *QUICK)
    assert (ran.code, asked) == (0, [3]), ran.err
    again = dip("denoise", "in", "-o", "out", "--jobs", 1, *QUICK)
    assert "3 up to date" in again.err
    assert asked == [3], "a number is not asked about"


@pytest.mark.parametrize("given", ["0", "1025", "-2", "many", "2.5"])
def test_jobs_that_are_none(given, tmp_path, dip):
    draw(tmp_path / "a.png")
    ran = dip("denoise", "a.png", "--jobs", given)
    assert ran.code == 2
    assert f"{given!r} is neither auto nor a number from 1 to 1024" in ran.err


def test_a_mask_folder_inside_is_no_input(tmp_path, dip):
    draw(tmp_path / "in/a.png")
    draw_mask(tmp_path / "in/masks/a.png")
    ran = dip("inpaint", "in", "-o", "out", "-r", "--mask", "in/masks", *QUICK)
    assert ran.code == 0
    assert files(tmp_path / "out") == ["a.png"]
    shutil.rmtree(tmp_path / "out")


def test_a_png_called_jpg_stays_without_loss_and_that_is_said(tmp_path, dip):
    draw(tmp_path / "in/a.png").rename(tmp_path / "in/a.jpg")
    Image.new("RGB", (20, 16), "red").save(tmp_path / "in/b.png", "JPEG")  # PNG loses nothing
    ran = dip("denoise", "in", *QUICK)
    assert ran.code == 0
    assert opened(tmp_path / "in/a_denoise.png").format == "PNG"
    assert "in/a.jpg: is a PNG in spite of its name: the result is a PNG" in ran.err
    assert opened(tmp_path / "in/b_denoise.png").format == "PNG"
    assert "in/b.png: is" not in ran.err
    again = dip("denoise", "in", *QUICK)
    assert "2 pictures: 2 up to date" in again.err
    assert files(tmp_path / "in") == ["a.jpg", "a_denoise.png", "b.png", "b_denoise.png"]


def test_a_png_called_jpg_becomes_a_jpeg_where_that_is_asked(tmp_path, dip):
    draw(tmp_path / "a.png").rename(tmp_path / "a.jpg")
    assert dip("denoise", "a.jpg", "-o", "x.jpg", *QUICK).code == 0
    assert opened(tmp_path / "x.jpg").format == "JPEG"
    draw(tmp_path / "webp.png").rename(tmp_path / "w.webp")
    assert dip("denoise", "w.webp", "--format", "webp", *QUICK).code == 0
    assert opened(tmp_path / "w_denoise.webp").format == "WEBP"


@pytest.mark.parametrize(("kind", "exact"), [("GIF", "PNG"), ("BMP", "BMP"), ("TIFF", "TIFF")])
def test_other_bytes_without_loss_called_jpg(kind, exact, tmp_path, dip):
    Image.new("RGB", (20, 16), "red").save(tmp_path / "a.jpg", kind)
    assert dip("denoise", "a.jpg", "-o", "out/", *QUICK).code == 0
    (path,) = (p for p in (tmp_path / "out").iterdir() if p.suffix != ".json")
    assert opened(path).format == exact
