"""What is kept: every format, depth and number of channels."""

import json

import numpy as np
import pytest
import roundtrip_table as table
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dipcli.errors import PictureError
from dipcli.pictures import (
    CODECS,
    Meta,
    Picture,
    check_output,
    encode,
    format_for_suffix,
    lost,
    probe,
    read,
    written,
)

EXACT = {
    "PNG": {8, 16},
    "TIFF": {8, 16, 32},
    "BMP": {8},
    "WEBP lossless": {8},
}


def expected(format: str, depth: int, channels: str) -> str:
    alpha, gray = "A" in channels or "alpha" in channels, "gray" in channels
    name = format.split()[0]
    if depth not in CODECS[name].depths or (alpha and not CODECS[name].alpha):
        return "refused"
    how = "exact" if depth in EXACT.get(format, ()) else "near"
    coloured = gray and (name == "WEBP" or (name == "AVIF" and alpha))
    return f"{how}, as RGB{'A' if alpha else ''}" if coloured else how


def test_pixel_table():
    for format, row in table.pixel_table().items():
        for kind, found in row.items():
            depth = {v: k for k, v in table.DEPTHS.items()}[
                next(d for d in table.DEPTHS.values() if kind.startswith(d))
            ]
            channels = kind.removeprefix(table.DEPTHS[depth]).strip()
            assert found == expected(format, depth, channels), (format, kind)


@pytest.mark.parametrize("format", written())
def test_metadata_table(format, tmp_path):
    keeps = CODECS[format].keeps
    names = ("colour profile", "EXIF", "XMP", "IPTC", "resolution", "text", "record")
    wanted = {kind: name in keeps for kind, name in zip(table.KINDS, names, strict=True)}
    assert table.metadata_kept(format, tmp_path) == wanted


@pytest.mark.parametrize("format", written())
def test_what_is_lost_is_said(format):
    names = {"colour profile", "EXIF", "XMP", "IPTC", "resolution", "text"}
    assert set(lost(table.described(), format)) == names - CODECS[format].keeps
    assert lost(table.picture(8, 3, False), format) == ()


def test_profile_for_gray_does_not_go_with_rgb():
    profile = bytes(16) + b"GRAY" + bytes(108)
    for alpha in (False, True):
        gray = table.picture(8, 1, alpha, icc=profile)
        for format in ("PNG", "WEBP", "TIFF", "AVIF"):
            again = read(encode(gray, format))
            stays = again.pixels.shape[2] == 1
            assert again.meta.icc == (profile if stays else None)
            assert lost(gray, format) == (() if stays else ("colour profile for gray",))


def test_table_prints_as_markdown(tmp_path):
    text = table.markdown(tmp_path)
    assert "| 16 bit RGB | exact | refused |" in text
    assert "| IPTC | not kept | kept |" in text


SHAPES = st.tuples(st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 2, 3, 4]))
DEEP = {8: np.uint8, 16: np.uint16}


def through(format: str, levels: np.ndarray, depth: int, **meta) -> np.ndarray:
    """Levels (H, W, C) written and read again."""
    top = np.float32(2**depth - 1) if depth < 32 else np.float32(1)
    values = levels.astype(np.float32) / top
    alpha = values[..., -1] if levels.shape[2] in (2, 4) else None
    pixels = values[..., :-1] if alpha is not None else values
    again = read(encode(Picture(pixels, alpha, Meta(depth=depth, **meta)), format))
    parts = [again.pixels] if again.alpha is None else [again.pixels, again.alpha[..., None]]
    stacked = np.concatenate(parts, axis=2)
    return stacked if depth == 32 else np.rint(stacked * top).astype(levels.dtype)


@pytest.mark.parametrize(("format", "depth"), [("PNG", 8), ("PNG", 16), ("TIFF", 8), ("TIFF", 16)])
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_integers_come_back_exactly(format, depth, data):
    levels = data.draw(arrays(DEEP[depth], SHAPES))
    assert np.array_equal(through(format, levels, depth), levels)


@settings(deadline=None, max_examples=40)
@given(levels=arrays(np.float32, SHAPES, elements=st.floats(0, 1, width=32)))
def test_floats_come_back_exactly(levels):
    assert np.array_equal(through("TIFF", levels, 32), levels)


@settings(deadline=None, max_examples=40)
@given(
    levels=arrays(
        np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 3]))
    )
)
def test_bmp_comes_back_exactly(levels):
    assert np.array_equal(through("BMP", levels, 8), levels)


@settings(deadline=None, max_examples=40)
@given(
    levels=arrays(
        np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.sampled_from([3, 4]))
    )
)
def test_lossless_webp_stays_lossless(levels):
    again = through("WEBP", levels, 8, lossless=True)
    if again.shape[2] < levels.shape[2]:  # an alpha that hides nothing is not stored
        assert (levels[..., 3] == 255).all()
    assert np.array_equal(again, levels[..., : again.shape[2]])


def test_lossless_webp_is_recognised():
    assert read(encode(table.picture(8, 3, False), "WEBP", quality=100)).meta.lossless
    assert not read(encode(table.picture(8, 3, False), "WEBP")).meta.lossless


def test_premultiplied_tiff_stays_so_and_is_divided_elsewhere():
    original = table.picture(16, 3, True, premultiplied=True)
    tiff = read(encode(original, "TIFF"))
    assert tiff.meta.premultiplied
    assert np.array_equal(tiff.pixels, original.pixels)
    alpha = original.alpha[..., None]
    straight = np.divide(
        original.pixels, alpha, out=np.zeros_like(original.pixels), where=alpha > 0
    )
    png = read(encode(original, "PNG"))
    assert not png.meta.premultiplied
    assert np.allclose(png.pixels, np.clip(straight, 0, 1), atol=1e-4)


def test_quality_counts_for_jpeg():
    sizes = [len(encode(table.picture(8, 3, False), "JPEG", quality=q)) for q in (30, 95, 100)]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1]


@pytest.mark.parametrize(
    ("format", "facts", "words"),
    [
        ("JPEG", {"depth": 16, "has_alpha": False}, "16 bits per value, which JPEG cannot hold"),
        ("PNG", {"depth": 32, "has_alpha": False}, "write TIFF"),
        ("BMP", {"depth": 8, "has_alpha": True}, "transparency, which BMP cannot hold"),
        ("GIF", {"depth": 8, "has_alpha": False}, "GIF is not written"),
    ],
)
def test_output_is_checked_before_the_first_step(format, facts, words):
    with pytest.raises(PictureError, match=r"^photo\.tif: ") as caught:
        check_output(format, size=(9, 9), name="photo.tif", **facts)
    assert words in str(caught.value)


def test_webp_has_a_largest_side():
    with pytest.raises(PictureError, match="16383 pixels a side"):
        check_output("WEBP", depth=8, has_alpha=False, size=(20000, 10))


def test_probe_agrees_with_read():
    for format, kind in written().items():
        for depth in kind.depths:
            for colours, alpha in table.CHANNELS.values():
                if alpha and not kind.alpha:
                    continue
                data = encode(table.picture(depth, colours, alpha), format)
                header, again = probe(data), read(data)
                assert (header.format, header.size, header.depth) == (format, again.size, depth)
                assert header.channels == again.pixels.shape[2]
                assert header.has_alpha == (again.alpha is not None)


def test_suffixes():
    assert format_for_suffix(".JPG") == format_for_suffix("jpeg") == "JPEG"
    assert format_for_suffix(".tif") == "TIFF"
    assert format_for_suffix(".gif") is None
    assert json.loads(table.RECORD)["version"] == "1.0"
