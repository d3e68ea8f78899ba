"""What a file says of its pixels, and that they come back as they were."""

import io
import os
import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from dipcli.pictures import encode, fill_transparent, read, write_atomic

RNG = np.random.default_rng(0)


def file_of(image: Image.Image, format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def test_a_palette_becomes_its_colours():
    image = Image.fromarray(RNG.integers(0, 4, (9, 7), np.uint8), "P")
    image.putpalette([10, 20, 30, 200, 100, 0, 0, 255, 7, 255, 255, 255])
    picture = read(file_of(image, "PNG"))
    assert np.array_equal(np.rint(picture.pixels * 255), np.array(image.convert("RGB")))
    assert picture.alpha is None
    assert picture.meta.notes == ("its palette becomes RGB",)
    again = read(encode(picture, "PNG"))
    assert np.array_equal(again.pixels, picture.pixels)


def test_a_palette_with_a_transparent_entry_has_an_alpha():
    image = Image.fromarray(RNG.integers(0, 2, (9, 7), np.uint8), "P")
    image.putpalette([10, 20, 30, 200, 100, 0])
    picture = read(file_of(image, "PNG", transparency=1))
    assert np.array_equal(picture.alpha, np.array(image) == 0)
    assert picture.meta.notes == ("its palette becomes RGBA",)


@pytest.mark.parametrize(("unit", "value", "dpi"), [(3, 100.0, 254.0), (2, 300.0, 300.0)])
def test_the_resolution_of_a_tiff_is_in_inches_or_centimetres(unit, value, dpi):
    buffer = io.BytesIO()
    tifffile.imwrite(
        buffer,
        RNG.integers(0, 256, (8, 9, 3), np.uint8),
        photometric="rgb",
        resolution=(value, value),
        resolutionunit=unit,
    )
    assert read(buffer.getvalue()).meta.dpi == pytest.approx((dpi, dpi))


def test_the_resolution_of_a_jpeg_in_centimetres():
    data = bytearray(file_of(Image.new("RGB", (8, 8)), "JPEG", dpi=(100, 100)))
    unit = data.index(b"JFIF\0") + 7
    assert data[unit] == 1
    data[unit] = 2  # dots per centimetre
    assert read(bytes(data)).meta.dpi == pytest.approx((254, 254), abs=0.6)


def test_the_resolution_survives_png_and_tiff():
    picture = read(file_of(Image.new("RGB", (8, 8)), "PNG", dpi=(300, 150)))
    for format in ("PNG", "TIFF", "JPEG"):
        assert read(encode(picture, format)).meta.dpi == pytest.approx((300, 150), abs=0.2)


def premultiplied(kind: int) -> bytes:
    """A TIFF of orange at full, half and no opacity; kind: 1 associated, 2 not."""
    levels = np.zeros((4, 6, 4), np.uint8)
    levels[:, :2], levels[:, 2:4] = (200, 100, 40, 255), (100, 50, 20, 128)
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, levels, photometric="rgb", extrasamples=[kind])
    return buffer.getvalue()


def test_colours_that_were_multiplied_by_alpha_are_divided_by_it_in_a_png():
    picture = read(premultiplied(1))
    assert picture.meta.premultiplied
    levels = np.array(Image.open(io.BytesIO(encode(picture, "PNG"))))
    assert levels[0, 0].tolist() == [200, 100, 40, 255]
    assert levels[0, 2].tolist() == [199, 100, 40, 128]
    assert levels[0, 5].tolist() == [0, 0, 0, 0]
    with tifffile.TiffFile(io.BytesIO(encode(picture, "TIFF"))) as tiff:
        assert tiff.asarray()[0, 2].tolist() == [100, 50, 20, 128]


def test_colours_that_were_not_multiplied_stay():
    picture = read(premultiplied(2))
    assert not picture.meta.premultiplied
    levels = np.array(Image.open(io.BytesIO(encode(picture, "PNG"))))
    assert levels[0, 2].tolist() == [100, 50, 20, 128]


def test_only_what_is_fully_transparent_is_filled():
    alpha = np.float32([[1, 1 / 255, 0, 0]])
    pixels = np.float32([[[0.5], [0.9], [0.1], [0.1]]])
    filled = fill_transparent(pixels, alpha)[0, :, 0]
    assert filled[:2] == pytest.approx([0.5, 0.9])
    assert 0.4 < filled[2] < 0.95


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_level_comes_back_exactly(format, dtype):
    top = np.iinfo(dtype).max
    levels = np.arange(top + 1, dtype=dtype).reshape(-1, 16 if top < 256 else 256, 1)
    start = read(file_of(Image.new("L", (levels.shape[1], levels.shape[0])), "PNG"))
    depth = 8 if dtype == np.uint8 else 16
    picture = replace(
        start,
        pixels=(levels / np.float64(top)).astype(np.float32),
        meta=replace(start.meta, depth=depth),
    )
    again = read(encode(picture, format))
    assert again.meta.depth == depth
    assert np.array_equal(np.rint(again.pixels.astype(float) * top), levels)


def test_values_are_rounded_to_the_nearest_and_clipped():
    start = read(file_of(Image.new("L", (4, 1)), "PNG"))
    values = np.float32([[-0.5, 100.4 / 255, 100.6 / 255, 1.5]])[..., None]
    found = np.array(Image.open(io.BytesIO(encode(replace(start, pixels=values), "PNG"))))
    assert found.tolist() == [[0, 100, 101, 255]]


def test_the_folder_is_flushed_after_the_rename(tmp_path: Path, monkeypatch):
    """A power cut after the call must not bring the old file back."""
    path, calls = tmp_path / "x.png", []
    flush, rename = os.fsync, Path.replace

    def fsync(handle: int) -> None:
        folder = stat.S_ISDIR(os.fstat(handle).st_mode)
        calls.append("folder" if folder else "file")
        flush(handle)

    def replaced(self: Path, target: Path) -> Path:
        calls.append("rename")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", replaced)
    write_atomic(path, b"new")
    assert path.read_bytes() == b"new"
    assert calls == ["file", "rename", "folder"]
