"""Pictures as people have them: kinds, orientations, sizes, wrong names."""

import io

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageOps
from roundtrip_table import exif_block, pillow_bytes

from dipcli.errors import PictureError
from dipcli.pictures import encode, probe, read, sniff

RNG = np.random.default_rng(0)
RGB8 = RNG.integers(0, 256, (12, 16, 3), dtype=np.uint8)
RGB16 = RNG.integers(0, 65536, (12, 16, 3), dtype=np.uint16)
IMAGE = Image.fromarray(RGB8)


def tiff_bytes(array, **options) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, array, **options)
    return buffer.getvalue()


def refused(data: bytes) -> str:
    """The message of a refusal, which probe gives too."""
    with pytest.raises(PictureError) as caught:
        read(data)
    return str(caught.value)


def refused_by_header(data: bytes) -> str:
    with pytest.raises(PictureError) as caught:
        probe(data)
    assert str(caught.value) == refused(data)
    return str(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"compression": "lzw", "predictor": True},
        {"compression": "zlib", "tile": (16, 16)},
        {"compression": "packbits"},
        {"bigtiff": True},
        {"byteorder": ">"},
        {"rowsperstrip": 5},
    ],
)
def test_deep_tiff(options):
    found = read(tiff_bytes(RGB16, photometric="rgb", **options))
    assert found.meta.depth == 16
    assert np.array_equal(np.rint(found.pixels * 65535), RGB16)


def test_planar_tiff():
    data = tiff_bytes(np.moveaxis(RGB16, -1, 0), photometric="rgb", planarconfig="separate")
    assert np.array_equal(np.rint(read(data).pixels * 65535), RGB16)


def test_jpeg_in_tiff():
    ramp = np.stack([np.add.outer(np.arange(64), np.arange(64))] * 3, axis=-1).astype(np.uint8)
    found = read(tiff_bytes(ramp, photometric="rgb", compression="jpeg"))
    assert np.abs(found.pixels * 255 - ramp).mean() < 3


def test_white_is_zero():
    found = read(tiff_bytes(RGB8[..., 0], photometric="miniswhite"))
    assert np.array_equal(np.rint(found.pixels[..., 0] * 255), 255 - RGB8[..., 0])


def test_deep_png_is_not_read_as_8_bit():
    found = read(imagecodecs.png_encode(RGB16))
    assert found.meta.depth == 16
    assert np.array_equal(np.rint(found.pixels * 65535), RGB16)


@pytest.mark.parametrize("bits", [10, 12])
def test_deep_avif(bits):
    levels = RGB16 >> (16 - bits)
    found = read(imagecodecs.avif_encode(levels, level=100, bitspersample=bits))
    assert found.meta.depth == 16
    assert found.meta.notes == (f"{bits}-bit values become 16-bit ones",)
    assert np.array_equal(np.rint(found.pixels * (2**bits - 1)), levels)


@pytest.mark.parametrize(
    ("mode", "channels", "note"),
    [
        ("1", 1, "1-bit gray becomes 8-bit gray"),
        ("L", 1, None),
        ("RGB", 3, None),
        ("P", 3, "its palette becomes RGB"),
    ],
)
def test_kinds_of_png(mode, channels, note):
    image = IMAGE.convert(mode)
    found = read(pillow_bytes(image, "PNG"))
    assert found.meta.notes == ((note,) if note else ())
    wanted = np.asarray(image.convert("RGB" if channels == 3 else "L")).reshape(12, 16, channels)
    assert np.array_equal(np.rint(found.pixels * 255), wanted)


def test_low_bit_gray_png():
    levels = np.arange(16, dtype=np.uint8).reshape(4, 4)
    data = pillow_bytes(Image.fromarray(levels * 17), "PNG", bits=4)
    assert np.array_equal(np.rint(read(data).pixels[..., 0] * 255), levels * 17)


def test_transparent_colour_becomes_alpha():
    image = Image.fromarray(np.array([[[1, 2, 3], [4, 5, 6]]], np.uint8))
    found = read(pillow_bytes(image, "PNG", transparency=(4, 5, 6)))
    assert found.alpha is not None
    assert found.alpha.tolist() == [[1.0, 0.0]]
    assert found.meta.notes == ("its transparent colour becomes an alpha channel",)


def test_palette_with_transparency_becomes_rgba():
    image = IMAGE.convert("P")
    found = read(pillow_bytes(image, "PNG", transparency=int(np.asarray(image)[0, 0])))
    assert found.alpha is not None
    assert found.alpha[0, 0] == 0
    assert found.meta.notes == ("its palette becomes RGBA",)


def test_still_gif_and_palette_bmp():
    for format in ("GIF", "BMP"):
        found = read(pillow_bytes(IMAGE.convert("P"), format))
        assert found.pixels.shape == (12, 16, 3)
        assert found.meta.notes == ("its palette becomes RGB",)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["PNG", "TIFF", "JPEG", "WEBP", "AVIF"])
def test_orientation_is_applied_and_reset(format, orientation):
    gray = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"WEBP": {"lossless": True}, "PNG": {}, "TIFF": {}}.get(format, {"quality": 100})
    data = pillow_bytes(Image.fromarray(gray), format, exif=exif.tobytes(), **options)
    with Image.open(io.BytesIO(data)) as image:
        wanted = np.asarray(ImageOps.exif_transpose(image).convert("L"), np.float32)
    found = read(data)
    assert probe(data).size == found.size == wanted.shape[::-1]
    assert np.abs(found.pixels[..., 0] * 255 - wanted).max() <= 2
    with Image.open(io.BytesIO(encode(found, format))) as again:
        assert again.getexif().get(0x0112, 1) == 1
        assert again.size == found.size


def test_animations_are_refused():
    for format in ("GIF", "PNG", "WEBP", "AVIF"):
        other = Image.new("RGB", IMAGE.size, "red")
        data = pillow_bytes(IMAGE, format, save_all=True, append_images=[other])
        assert "is an animated" in refused_by_header(data)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (pillow_bytes(IMAGE.convert("CMYK"), "JPEG"), "is a CMYK picture; convert it to RGB"),
        (pillow_bytes(IMAGE.convert("CMYK"), "TIFF"), "is a CMYK picture; convert it to RGB"),
        (pillow_bytes(IMAGE.convert("LAB"), "TIFF"), "is a Lab picture"),
        (tiff_bytes(np.zeros((3, 8, 8), np.uint8), photometric="minisblack"), "has 3 pages; split"),
        (
            tiff_bytes(np.zeros((32, 40, 5), np.uint8)),
            "is 40x32 with 5 channels, stored as 32 pages",
        ),
        (tiff_bytes(np.zeros((9, 32, 40), np.uint8)), "has 9 pages; split"),
        (tiff_bytes(RGB16.astype(np.int16), photometric="rgb"), "16-bit signed values"),
        (tiff_bytes(RGB16.astype(np.uint32), photometric="rgb"), "32-bit integer values"),
        (tiff_bytes(RGB8.astype(float), photometric="rgb"), "64-bit float values"),
        (tiff_bytes(RGB16, photometric="rgb", compression="zstd"), "TIFF compression 50000"),
        (tiff_bytes(np.zeros((8, 8, 5), np.uint8), planarconfig="contig"), "5 channels"),
        (b"8BPS" + bytes(99), "is a Photoshop file"),
        (b"", "standard input: is empty"),
        (b"hello, this is text", "is not a PNG, JPEG"),
        (b"BMW is a car, and this is text about it", "is not a PNG, JPEG"),
    ],
)
def test_what_is_not_restored_is_named(data, words):
    assert words in refused_by_header(data)


def test_preview_pages_of_a_tiff_do_not_count():
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as file:
        file.write(RGB8, photometric="rgb")
        file.write(RGB8[::4, ::4], photometric="rgb", subfiletype=1)
    assert np.array_equal(np.rint(read(buffer.getvalue()).pixels * 255), RGB8)


def test_size_limit_names_its_flag(tmp_path):
    path = tmp_path / "large.png"
    path.write_bytes(pillow_bytes(IMAGE, "PNG"))
    with pytest.raises(PictureError, match=r"large\.png: is 16x12, .*--max-pixels"):
        read(path, max_pixels=191)
    with pytest.raises(PictureError, match="--max-pixels"):
        probe(path, max_pixels=191)
    assert read(path, max_pixels=192).size == (16, 12)
    assert read(path, max_pixels=None).size == (16, 12)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "TIFF", "BMP", "AVIF", "GIF"])
def test_the_limit_of_pillow_plays_no_part(format, monkeypatch):
    data = pillow_bytes(IMAGE.convert("P") if format == "GIF" else IMAGE, format)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    assert read(data).size == (16, 12)
    assert Image.MAX_IMAGE_PIXELS == 10


def test_suffix_plays_no_part_and_names_may_be_foreign(tmp_path):
    folder = tmp_path / "Für Übung 日本"
    folder.mkdir()
    path = folder / "фото é.jpg"
    path.write_bytes(pillow_bytes(IMAGE, "PNG"))
    assert read(path).meta.format == probe(path).format == "PNG"
    path.write_text("text")
    with pytest.raises(PictureError, match=r"фото é\.jpg: is not a PNG"):
        read(path)


def test_missing_file_and_folder(tmp_path):
    for path in (tmp_path / "none.png", tmp_path):
        for look in (read, probe):
            with pytest.raises(PictureError, match="cannot be read: "):
                look(path)


def test_probe_decodes_nothing(tmp_path):
    """A file whose pixels are zeroed has a header all the same."""
    whole = bytearray(tiff_bytes(RGB16, photometric="rgb"))
    start = whole.find(RGB16.tobytes()[:64])
    assert start > 0
    path = tmp_path / "a.tif"
    path.write_bytes(bytes(whole))
    header = probe(path)
    assert (header.size, header.depth, header.channels) == ((16, 12), 16, 3)
    assert probe(memory := path.read_bytes()) == header
    assert sniff(memory[:16]) == "TIFF"


def test_damaged_exif_is_dropped_with_a_note():
    broken = b"Exif\0\0" + exif_block()[:20]
    found = read(pillow_bytes(IMAGE, "JPEG", exif=broken))
    assert found.meta.exif is None
    assert found.meta.notes == ("its EXIF data is damaged and is not kept",)


def float_tiff(*values: tuple[int, int, float]) -> bytes:
    """A float TIFF of 16x12 in the middle of [0, 1], but for values as (x, y, value)."""
    array = np.full((12, 16, 3), 0.5, np.float32)
    for x, y, value in values:
        array[y, x, 1] = value
    return tiff_bytes(array, photometric="rgb")


def test_floats_a_hair_outside_are_clipped_and_told():
    found = read(float_tiff((3, 2, -1e-6), (4, 2, 1.0005)))
    assert found.pixels[2, 3].tolist() == [0.5, 0, 0.5]
    assert found.pixels[2, 4].tolist() == [0.5, 1, 0.5]
    (note,) = found.meta.notes
    assert note == "2 pixels with values a hair outside of 0..1 (-1e-06 to 1.00049996) clipped"
    assert read(float_tiff()).meta.notes == ()


@pytest.mark.parametrize("value", [-0.0011, 1.0011, 255.0])
def test_floats_further_outside_are_refused(value):
    said = refused(float_tiff((3, 2, value)))
    assert "has values from" in said and "scale them to 0..1" in said


def test_pixels_that_are_no_numbers_are_counted_and_found():
    one = refused(float_tiff((3, 2, np.nan)))
    assert "has 1 pixel that is not a number (NaN or infinite), at x=3, y=2;" in one
    several = refused(float_tiff((7, 1, np.inf), (3, 2, np.nan), (5, 2, np.nan)))
    assert "has 3 pixels that are not numbers (NaN or infinite), the first at x=7, y=1;" in several
