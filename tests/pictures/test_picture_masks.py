"""Masks: white is the hole."""

import numpy as np
import pytest
from PIL import Image
from roundtrip_table import pillow_bytes

from dipcli.errors import MaskError
from dipcli.pictures import Meta, Picture, encode, mask_from_alpha, mask_warning, read, read_mask

HOLE = np.zeros((6, 8), bool)
HOLE[1:3, 2:7] = True
WHITE = np.where(HOLE, 255, 0).astype(np.uint8)


@pytest.mark.parametrize("mode", ["L", "RGB", "P", "1", "LA", "RGBA"])
def test_any_kind_of_picture_is_a_mask(mode):
    data = pillow_bytes(Image.fromarray(WHITE).convert(mode), "PNG")
    assert np.array_equal(read_mask(data, (8, 6)), HOLE)
    assert np.array_equal(read_mask(data, (8, 6), invert=True), ~HOLE)


def test_deep_mask():
    mask = Picture(HOLE[..., None].astype(np.float32), None, Meta(depth=16))
    assert np.array_equal(read_mask(encode(mask, "TIFF"), (8, 6)), HOLE)


def test_over_half_is_white():
    data = pillow_bytes(Image.fromarray(np.array([[0, 127, 128, 255]], np.uint8)), "PNG")
    assert read_mask(data, (4, 1)).tolist() == [[False, False, True, True]]


def test_white_paint_on_transparent_ground():
    paint = np.full((6, 8, 4), 255, np.uint8)
    paint[..., 3] = WHITE
    assert np.array_equal(read_mask(pillow_bytes(Image.fromarray(paint), "PNG"), (8, 6)), HOLE)


def test_turned_with_its_orientation():
    exif = Image.Exif()
    exif[0x0112] = 6
    data = pillow_bytes(Image.fromarray(np.rot90(WHITE)), "PNG", exif=exif.tobytes())
    assert np.array_equal(read_mask(data, (8, 6)), HOLE)


def test_wrong_size_names_both(tmp_path):
    path = tmp_path / "mask.png"
    path.write_bytes(pillow_bytes(Image.fromarray(WHITE), "PNG"))
    with pytest.raises(MaskError, match=r"mask\.png is 8x6 but photo\.png is 9x6; scale"):
        read_mask(path, (9, 6), picture_name="photo.png")


@pytest.mark.parametrize(("value", "words"), [(0, "covers nothing"), (255, "covers everything")])
def test_empty_and_full(value, words):
    data = pillow_bytes(Image.new("L", (8, 6), value), "PNG")
    with pytest.raises(MaskError, match=f"{words}.*--invert-mask"):
        read_mask(data, (8, 6))


def test_unreadable(tmp_path):
    path = tmp_path / "mask.png"
    path.write_text("no picture")
    with pytest.raises(MaskError, match=r"mask\.png: is not a PNG"):
        read_mask(path, (8, 6))


def test_alpha_as_mask():
    pixels = np.zeros((6, 8, 3), np.float32)
    picture = Picture(pixels, 1 - HOLE.astype(np.float32))
    assert np.array_equal(mask_from_alpha(picture), HOLE)
    assert np.array_equal(mask_from_alpha(picture, invert=True), ~HOLE)
    assert np.array_equal(mask_from_alpha(read(encode(picture, "PNG"))), HOLE)
    with pytest.raises(MaskError, match="no transparent pixels"):
        mask_from_alpha(Picture(pixels))
    with pytest.raises(MaskError, match="covers nothing"):
        mask_from_alpha(Picture(pixels, np.ones((6, 8), np.float32)))


@pytest.mark.parametrize(
    ("count", "warned"), [(1, True), (2, False), (9500, False), (9501, True), (9999, True)]
)
def test_warning_for_suspicious_holes(count, warned):
    hole = np.zeros(20000 if count < 3 else 10000, bool)
    hole[:count] = True
    warning = mask_warning(hole.reshape(100, -1))
    assert (warning is not None) == warned
    assert warning is None or "--invert-mask" in warning
