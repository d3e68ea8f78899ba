"""Masks: white is the hole."""

import numpy as np
import pytest
from PIL import Image
from roundtrip_table import pillow_bytes

from dipcli.errors import MaskError
from dipcli.pictures import (
    Meta,
    Picture,
    encode,
    mask_from_alpha,
    mask_warning,
    read,
    read_mask,
    read_protected,
)

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


def painted(mode: str, colour: object, ground: object) -> bytes:
    """A mask file with HOLE in one colour on another."""
    image = Image.new(mode, (8, 6), ground)
    image.paste(colour, (2, 1, 7, 3))
    return pillow_bytes(image, "PNG")


USELESS = [
    ("L", 0, 0, "covers nothing: it is black all over"),
    ("L", 255, 255, "covers everything: it is white all over"),
    ("L", 90, 90, "covers nothing: it is gray (90 of 255) all over"),
    ("L", 1, 0, "covers nothing: its values are 0 and 1 of 255, .*; multiply them by 255"),
    ("I;16", 1, 0, "covers nothing: its values are 0 and 1 of 255, .*; multiply them by 255"),
    ("RGB", (1, 1, 1), (0, 0, 0), "its values are 0 and 1 of 255"),
    ("L", 127, 0, "covers nothing: its values are 0 to 127 of 255, none over half; draw"),
    ("L", 255, 128, "covers everything: its values are 128 to 255 of 255, all over half; draw"),
    ("RGB", (255, 0, 0), (0, 0, 0), "in colour: (255, 0, 0) counts as gray 76 of 255; draw"),
    ("RGBA", (0, 0, 0, 255), (0, 0, 0, 0), "nothing: it is drawn in its transparency"),
]


@pytest.mark.parametrize(("mode", "colour", "ground", "words"), USELESS)
def test_a_useless_mask_is_told_by_its_values(mode, colour, ground, words):
    data = painted(mode, colour, ground)
    pattern = words.replace("(", r"\(").replace(")", r"\)")
    with pytest.raises(MaskError, match=pattern) as caught:
        read_mask(data, (8, 6))
    assert "--invert-mask" not in str(caught.value)  # it would cover all instead, or nothing
    with pytest.raises(MaskError, match="--invert-mask is given") as caught:
        read_mask(data, (8, 6), invert=True)
    said, cure = ("nothing", "everything") if "everything" in words else ("everything", "nothing")
    assert f"covers {said}" in str(caught.value) and f"covers {cure}" not in str(caught.value)


def test_a_deep_mask_of_zero_and_one():
    mask = Picture(HOLE[..., None].astype(np.float32) / 65535, None, Meta(depth=16))
    with pytest.raises(MaskError, match=r"values are 0 and 1 of 65535, .*; multiply them"):
        read_mask(encode(mask, "PNG"), (8, 6))


def test_zero_and_one_protect_nothing_and_are_refused():
    with pytest.raises(MaskError, match="protects nothing: its values are 0 and 1 of 255"):
        read_protected(painted("L", 1, 0), (8, 6))
    assert not read_protected(painted("L", 0, 0), (8, 6)).any()


def test_a_fitting_mask_of_one_is_white():
    assert np.array_equal(read_mask(painted("1", 1, 0), (8, 6)), HOLE)


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
    opaque = Picture(pixels, np.ones((6, 8), np.float32))
    with pytest.raises(MaskError, match="covers nothing: the picture is 100 % opaque"):
        mask_from_alpha(opaque)
    with pytest.raises(MaskError, match="covers everything"):
        mask_from_alpha(opaque, invert=True)


@pytest.mark.parametrize(
    ("count", "warned"), [(1, True), (2, False), (9500, False), (9501, True), (9999, True)]
)
def test_warning_for_suspicious_holes(count, warned):
    hole = np.zeros(20000 if count < 3 else 10000, bool)
    hole[:count] = True
    warning = mask_warning(hole.reshape(100, -1))
    assert (warning is not None) == warned
    assert warning is None or "add --invert-mask" in warning
    given = mask_warning(hole.reshape(100, -1), invert=True)
    assert given is None or "leave --invert-mask out" in given
    assert (given is not None) == warned


def test_a_hole_is_what_is_less_than_half_opaque():
    alpha = np.array([[0.0, 0.4, 0.49, 0.5, 0.6, 1.0]], np.float32)
    hole = mask_from_alpha(Picture(np.zeros((1, 6, 3), np.float32), alpha))
    assert hole.tolist() == [[True, True, True, False, False, False]]
