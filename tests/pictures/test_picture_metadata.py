"""EXIF, text and records: kept where they were, and nothing of the old picture left in them."""

import io
import struct
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image
from roundtrip_table import RECORD, described, exif_block, picture, pillow_bytes

from dipcli.pictures import Meta, Picture, encode, probe, read, read_provenance, written
from dipcli.pictures import exif as exif_module
from dipcli.pictures.bounds import TOLD
from dipcli.pictures.ifd import Directory, Entry, Layout, new_block, read_head, read_tree

IMAGE = Image.fromarray(np.arange(48, dtype=np.uint8).reshape(4, 4, 3))
CARRIERS = [name for name, format in written().items() if "record" in format.keeps]


def entry(kind: int, count: int, value: bytes) -> Entry:
    return Entry(kind, count, value)


def block(camera: dict[int, Entry] | None = None, first: dict[int, Entry] | None = None) -> bytes:
    """An EXIF block with these entries, little endian."""
    layout = Layout("<")
    subs = {0x8769: Directory(layout, camera)} if camera else {}
    return new_block(Directory(layout, first or {}, subs))


def tags(data: bytes) -> tuple[Image.Exif, dict]:
    """The first directory and the camera's, as Pillow sees them."""
    with Image.open(io.BytesIO(data)) as image:
        exif = image.getexif()
        return exif, exif.get_ifd(0x8769)


def test_maker_notes_keep_their_place():
    """Their offsets count from the start of the block, so they must not move."""
    notes = bytes(range(200))
    before = block({0x927C: entry(7, 200, notes), 0xA002: entry(4, 1, struct.pack("<I", 9))})
    at = before.find(notes)
    after = encode(picture(8, 3, False, exif=before), "JPEG", provenance=RECORD)
    start = after.find(b"Exif\0\0") + 6
    assert after[start + at : start + at + 200] == notes
    _, camera = tags(after)
    assert camera[0x927C] == notes
    assert camera[0xA002] == 32  # the width of the result


@pytest.mark.parametrize("format", ["PNG", "WEBP", "JPEG"])
def test_exif_has_the_size_of_the_result(format):
    nine = entry(4, 1, struct.pack("<I", 9))
    after = encode(picture(8, 3, False, exif=block({0xA002: nine, 0xA003: nine})), format)
    with Image.open(io.BytesIO(after)) as image:
        width, height = image.size
    _, camera = tags(after)
    assert (camera[0xA002], camera[0xA003]) == (width, height) != (9, 9)


def test_thumbnail_of_the_old_picture_is_gone():
    thumbnail = b"\xff\xd8secret\xff\xd9"
    start = block(first={0x010F: entry(2, 6, b"Maker\0")})
    second = struct.pack("<HHHIIHHIII", 2, 0x201, 4, 1, len(start) + 30, 0x202, 4, 1, 10, 0)
    data = bytearray(start + second + thumbnail)
    position = 8 + 2 + 12
    data[position : position + 4] = struct.pack("<I", len(start))
    assert Image.open(io.BytesIO(pillow_bytes(IMAGE, "JPEG", exif=b"Exif\0\0" + bytes(data))))
    settled = exif_module.upright(bytes(data))
    assert b"secret" not in settled
    assert read_tree(settled, *read_head(settled))[0].ascii(0x010F) == "Maker"


def test_orientation_of_xmp_is_reset():
    packet = b'<x tiff:Orientation="6"/><tiff:Orientation>8</tiff:Orientation>'
    found = read(pillow_bytes(IMAGE, "JPEG", xmp=packet)).meta.xmp
    assert found == b'<x tiff:Orientation="1"/><tiff:Orientation>1</tiff:Orientation>'


@pytest.mark.parametrize("format", CARRIERS)
@pytest.mark.parametrize("record", [RECORD, '{"who": "日本 é"}', "{}"])
def test_record_is_read_back_and_replaced(format, record, tmp_path):
    path = tmp_path / "result"
    path.write_bytes(encode(picture(8, 3, False, exif=exif_block()), format, provenance="{1}"))
    assert read_provenance(path) == "{1}"
    again = encode(read(path), format, provenance=record)
    assert b"{1}" not in again
    path.write_bytes(again)
    assert read_provenance(path) == record
    path.write_bytes(encode(read(path), format))
    assert read_provenance(path) is None


@pytest.mark.parametrize("format", CARRIERS)
def test_record_of_a_cut_off_file_is_not_trusted(format, tmp_path):
    data = encode(picture(8, 3, False), format, provenance=RECORD)
    path = tmp_path / "result"
    for length in (0, 10, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:length])
        assert read_provenance(path) is None
    path.unlink()
    assert read_provenance(path) is None


def test_flipped_byte_in_a_png_voids_its_record(tmp_path):
    data = bytearray(encode(picture(8, 3, False), "PNG", provenance=RECORD))
    data[-30] ^= 1
    path = tmp_path / "a.png"
    path.write_bytes(bytes(data))
    assert read_provenance(path) is None


@pytest.mark.parametrize("format", CARRIERS)
def test_file_without_a_record(format, tmp_path):
    path = tmp_path / "a"
    path.write_bytes(pillow_bytes(IMAGE, format))
    assert read_provenance(path) is None


def test_comment_of_the_photographer_stays(tmp_path):
    comment = b"ASCII\0\0\0my dog"
    before = picture(8, 3, False, exif=block({0x9286: entry(7, len(comment), comment)}))
    data = encode(before, "JPEG", provenance=RECORD)
    first, camera = tags(data)
    assert camera[0x9286] == comment
    assert first[0x0131] == "dip 1.0"
    (tmp_path / "a.jpg").write_bytes(data)
    assert read_provenance(tmp_path / "a.jpg") == RECORD


def test_full_exif_loses_the_record_rather_than_itself(tmp_path):
    notes = bytes(range(256)) * 254
    before = picture(8, 3, False, exif=block({0x927C: entry(7, len(notes), notes)}))
    path = tmp_path / "a.jpg"
    path.write_bytes(encode(before, "JPEG", provenance='{"a": "' + 2000 * "b" + '"}'))
    assert tags(path.read_bytes())[1][0x927C] == notes
    assert read_provenance(path) is None


@pytest.mark.parametrize("source", CARRIERS)
@pytest.mark.parametrize("target", CARRIERS)
def test_exif_goes_from_any_format_to_any(source, target):
    start = read(encode(picture(8, 3, False, exif=exif_block()), source))
    first, camera = tags(encode(start, target, provenance=RECORD))
    assert first[0x010F] == "Maker"
    assert camera[0x9003] == "2020:01:02 03:04:05"
    assert first.get_ifd(0x8825)[1] == "N"


def test_written_tiff_is_one_plain_page():
    data = encode(described(16), "TIFF", provenance=RECORD)
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        (page,) = file.pages
        assert page.asarray().dtype == np.uint16
        assert page.tags["Make"].value == "Maker"
        assert page.tags["ExifTag"].value["DateTimeOriginal"] == "2020:01:02 03:04:05"


def test_description_of_tifffile_itself_is_not_carried_on():
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, np.zeros((4, 4, 3), np.uint16), photometric="rgb")
    assert b'{"shape"' in buffer.getvalue()
    assert b'{"shape"' not in encode(read(buffer.getvalue()), "TIFF")


def test_bigtiff_keeps_its_description():
    buffer = io.BytesIO()
    tifffile.imwrite(
        buffer,
        np.zeros((4, 4), np.uint8),
        bigtiff=True,
        byteorder=">",
        description="a hill",
        metadata=None,
        extratags=[(0x010F, 2, 0, "Maker", True)],
    )
    meta = read(buffer.getvalue()).meta
    first, _ = tags(encode(Picture(np.zeros((4, 4, 1), np.float32), None, meta), "JPEG"))
    assert (first[0x010E], first[0x010F]) == ("a hill", "Maker")


def test_text_chunks_of_png():
    long = "x" * 5000
    info = {"Title": "tower", "Zipped": long, "Foreign": "日本"}
    from PIL.PngImagePlugin import PngInfo

    chunks = PngInfo()
    chunks.add_text("Title", info["Title"])
    chunks.add_text("Zipped", info["Zipped"], zip=True)
    chunks.add_itxt("Foreign", info["Foreign"], lang="ja", tkey="x", zip=True)
    meta = read(pillow_bytes(IMAGE, "PNG", pnginfo=chunks)).meta
    assert meta.text == info
    with Image.open(io.BytesIO(encode(picture(8, 3, False, text=info), "PNG"))) as again:
        assert again.text == info


def test_colour_chunks_of_png_are_kept():
    plain = encode(picture(8, 3, False), "PNG")
    body = b"gAMA" + struct.pack(">I", 100000)
    chunk = struct.pack(">I", 4) + body + struct.pack(">I", zlib.crc32(body))
    again = encode(read(plain[:33] + chunk + plain[33:]), "PNG")
    assert chunk in again
    with Image.open(io.BytesIO(again)) as image:
        assert image.info["gamma"] == 1.0


def test_zip_bomb_in_a_profile_is_left_out():
    body = b"iCCPx\0\0" + zlib.compress(bytes(40_000_000))
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    plain = encode(picture(8, 3, False), "PNG")
    meta = read(plain[:33] + chunk + plain[33:]).meta
    assert meta.icc is None
    assert meta.notes == (TOLD,)


def test_exif_as_imagemagick_wrote_it():
    raw = b"Exif\0\0" + block(first={0x0112: entry(3, 1, struct.pack("<H", 6))})
    text = f"\nexif\n{len(raw):8d}\n{raw.hex()}\n"
    data = encode(picture(8, 3, False, text={"Raw profile type exif": text}), "PNG")
    assert probe(data).size == (24, 32)
    assert read(data).meta.text == {}


def test_meta_has_a_usable_default():
    gray = Picture(np.zeros((2, 3, 1), np.float32))
    assert (gray.size, gray.meta) == ((3, 2), Meta())
    for format in written():
        assert probe(encode(gray, format)).size == (3, 2)
