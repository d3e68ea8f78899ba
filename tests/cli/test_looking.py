"""What `dip` finds wrong with a picture, says, and does about it."""

import numpy as np
from drawing import draw_mask, opened
from PIL import Image
from skimage import data


def test_doctor_says_what_is_wrong_with_a_picture(dip, tmp_path):
    Image.fromarray(data.chelsea()[:128, :128]).save(tmp_path / "c.jpg", quality=60)
    draw_mask(tmp_path / "drawn.png", size=(64, 64))
    told = dip("doctor", "c.jpg", "drawn.png")
    assert told.code == 0
    assert "c.jpg: JPEG of quality 60" in told.out
    assert "drawn.png: clean: left as it was" in told.out
    found = dip("doctor", "c.jpg", "drawn.png", "--json").json
    assert [one["noise"] for one in found] == ["jpeg", "clean"]
    assert found[0]["evidence"]["quality"] == 60
    assert dip("doctor", "nothing.png").code == 2
    (tmp_path / "broken.png").write_bytes(b"no picture")
    assert dip("doctor", "broken.png", "drawn.png").code == 1


def test_a_jpeg_is_restored_within_what_its_file_allows(dip, tmp_path):
    Image.fromarray(data.chelsea()[64:192, 64:192]).save(tmp_path / "c.jpg", quality=60)
    (ran,) = dip("denoise", "c.jpg", "-o", "c.png", "--preset", "fast", "--json").json
    assert ran["notes"]["noise"] == "jpeg"
    with Image.open(tmp_path / "c.jpg") as image:
        tables, before = image.quantization, np.asarray(image.convert("RGB"), float)
    result = opened(tmp_path / "c.png")
    result.save(tmp_path / "again.jpg", qtables=tables, subsampling="4:2:0")
    after = np.asarray(opened(tmp_path / "again.jpg").convert("RGB"), float)
    assert np.mean(np.any(np.abs(after - before) > 2, axis=2)) < 0.02
    assert not np.array_equal(np.asarray(result), before)


def test_a_clean_picture_comes_out_as_it_went_in_and_that_is_said(dip, tmp_path):
    draw_mask(tmp_path / "page.png", size=(64, 48))
    ran = dip("denoise", "page.png", "-o", "x.png")
    assert "(clean: left as it was)" in ran.err
    assert np.array_equal(
        np.asarray(opened(tmp_path / "x.png")), np.asarray(opened(tmp_path / "page.png"))
    )
