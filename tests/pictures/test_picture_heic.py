"""HEIC, as phones take it: read through an extra, never written, turned once."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from roundtrip_table import described, exif_block, heic_bytes, heic_table

from dipcli.errors import PictureError
from dipcli.pictures import encode, probe, read, sniff

EXTRA = "HEIC needs the extra heif"
GRAY = np.arange(12 * 16, dtype=np.uint8).reshape(12, 16)
RGB = np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8)
HEAD = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"


@pytest.fixture
def pillow_heif():
    """The extra; tests that need it are skipped where it is not installed."""
    return pytest.importorskip("pillow_heif", reason=EXTRA)


def oriented(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()


@pytest.mark.parametrize("brand", [b"heic", b"heix", b"mif1", b"hevc", b"msf1"])
def test_brands_are_known(brand):
    assert sniff(b"\0\0\0\x14ftyp" + brand + bytes(8)) == "HEIC"
    assert sniff(b"\0\0\0\x1cftypmif1\0\0\0\0mif1avif" + brand) == "AVIF"


def test_every_depth_and_all_that_lies_beside_comes_in(pillow_heif):
    table = heic_table()
    assert len(table) == 8
    assert all(one.startswith(("exact", "kept")) for one in table.values()), table


def test_deep_values_say_so_and_keep_their_ends(pillow_heif):
    levels = np.array([[[0, 1, 1023]] * 16] * 16, np.uint16)
    found = read(heic_bytes(levels, "RGB;10"))
    assert found.meta.depth == probe(heic_bytes(levels, "RGB;10")).depth == 16
    assert found.meta.notes == ("10-bit values become 16-bit ones",)
    deep = np.rint(read(encode(found, "PNG")).pixels * 65535)
    assert deep[0, 0].tolist() == [0, round(65535 / 1023), 65535]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_is_turned_once(orientation, pillow_heif):
    """pillow-heif writes the boxes that turn (irot, imir) and leaves the EXIF as it is."""
    data = heic_bytes(GRAY, "L", exif=oriented(orientation))
    turn = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}.get(orientation)
    image = Image.fromarray(GRAY)
    wanted = np.asarray(image if turn is None else image.transpose(Image.Transpose(turn)))
    found = read(data)
    assert probe(data).size == found.size == wanted.shape[::-1]
    assert np.array_equal(np.rint(found.pixels[..., 0] * 255), wanted)
    exif = Image.Exif()
    exif.load(found.meta.exif or b"")
    assert exif.get(0x0112, 1) == 1


def test_an_orientation_in_the_exif_alone_is_not_applied(pillow_heif):
    """The boxes of the file decide; here they ask for nothing."""
    plain = heic_bytes(GRAY, "L", exif=oriented(1))
    data = plain.replace(oriented(1), oriented(6))
    assert data != plain
    assert read(data).size == (16, 12)


def test_premultiplied_alpha_is_divided_out(pillow_heif):
    levels = np.full((16, 16, 4), 64, np.uint8)
    levels[..., 3] = 128
    found = read(heic_bytes(levels, "RGBa"))
    assert found.meta.premultiplied
    again = read(encode(found, "PNG"))
    assert np.abs(again.pixels * 255 - 127.5).max() < 1


def test_colours_named_by_number_stay_named(pillow_heif):
    wide = {"color_primaries": 12, "transfer_characteristics": 13, "full_range_flag": 1}
    named = {**wide, "matrix_coefficients": 0}
    found = read(heic_bytes(RGB, "RGB", nclx_profile=named, **named))
    assert found.meta.chunks == ((b"cICP", bytes((12, 13, 0, 1))),)
    assert read(encode(found, "PNG")).meta.chunks == found.meta.chunks
    assert read(heic_bytes(RGB, "RGB")).meta.chunks == ()


def test_the_largest_size_is_checked_before_a_pixel_is_decoded(pillow_heif, monkeypatch):
    data = heic_bytes(RGB, "RGB")
    monkeypatch.setattr(pillow_heif.HeifImage, "load", lambda self: pytest.fail("decoded"))
    assert probe(data).size == (16, 12)
    with pytest.raises(PictureError, match=r"is 16x12, .*--max-pixels"):
        read(data, max_pixels=191)


def test_pillow_is_left_as_it_was(pillow_heif):
    before = dict(Image.EXTENSION)
    read(heic_bytes(RGB, "RGB", exif=b"Exif\0\0" + exif_block(), icc_profile=described().meta.icc))
    assert before == Image.EXTENSION


def test_what_is_cut_or_empty_is_one_line(pillow_heif, tmp_path):
    data = heic_bytes(RGB, "RGB")
    path = tmp_path / "photo.heic"
    for whole in (data[: len(data) // 2], HEAD + bytes(99), data[:-1]):
        path.write_bytes(whole)
        with pytest.raises(PictureError, match=r"photo\.heic: is (truncated|damaged)") as caught:
            read(path)
        assert "\n" not in str(caught.value)


def test_without_the_extra_it_is_named(tmp_path):
    path = tmp_path / "photo.heic"
    path.write_bytes(HEAD + bytes(8))
    script = """
import sys
sys.modules["pillow_heif"] = None
from pathlib import Path
from dipcli.errors import PictureError
from dipcli.pictures import probe
try:
    probe(Path(sys.argv[1]))
except PictureError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{path}: is a HEIC picture; to read it, pip install 'dipcli[heif]'\n"
