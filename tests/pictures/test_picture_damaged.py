"""Hundreds of damaged files: each is a picture or a PictureError, in bounded memory and silence."""

import importlib.util
import io
import random
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image
from roundtrip_table import described, exif_block, heic_bytes, pillow_bytes

from dipcli.errors import PictureError
from dipcli.pictures import encode, read, written

SMOOTH = Image.fromarray(
    np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
).resize((64, 48))
HEIC = importlib.util.find_spec("pillow_heif") is not None  # the extra heif
DEEP = np.asarray(SMOOTH).astype(np.uint16) * 257


def tiff_bytes(array, **options) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, array, photometric="rgb", **options)
    return buffer.getvalue()


def good_files() -> dict[str, bytes]:
    """Whole files of every kind of codec path."""
    exif = b"Exif\0\0" + exif_block()
    files = {f: encode(described(), f, provenance="{}") for f in written()}
    files |= {
        "progressive": pillow_bytes(SMOOTH, "JPEG", progressive=True, exif=exif),
        "palette": pillow_bytes(SMOOTH.convert("P"), "PNG", transparency=3),
        "bmp palette": pillow_bytes(SMOOTH.convert("P"), "BMP"),
        "gif": pillow_bytes(SMOOTH.convert("P"), "GIF"),
        "webp lossless": pillow_bytes(SMOOTH.convert("RGBA"), "WEBP", lossless=True),
        "png 16": encode(described(16), "PNG"),
        "tiff tiles": tiff_bytes(DEEP, tile=(32, 32), compression="zlib", predictor=True),
        "tiff jpeg": tiff_bytes(np.asarray(SMOOTH), compression="jpeg"),
        "tiff lzw": tiff_bytes(DEEP, compression="lzw"),
        "tiff big": tiff_bytes(DEEP, bigtiff=True),
        "tiff float": tiff_bytes((DEEP / 65535).astype(np.float32), compression="zlib"),
    }
    if HEIC:
        facts = {"exif": exif, "xmp": described().meta.xmp}
        files["heic"] = heic_bytes(np.asarray(SMOOTH), "RGB", **facts)
        files["heic tiles"] = heic_bytes(DEEP, "RGB;16", tile_size=32)
    return files


def damage(data: bytes, chance: random.Random) -> bytes:
    """Cut off, flip, overwrite in the header, insert or blank."""
    out = bytearray(data)
    place = chance.randrange(len(out))
    kind = chance.choice(["cut", "flip", "flip", "head", "head", "insert", "blank"])
    if kind == "cut":
        return bytes(out[:place])
    if kind == "insert":
        out[place:place] = chance.randbytes(chance.choice([1, 4, 100]))
    elif kind == "blank":
        out[place : place + 50] = bytes(len(out[place : place + 50]))
    else:
        end = len(out) if kind == "flip" else min(300, len(out))
        for _ in range(chance.choice([1, 2, 4, 20])):
            out[chance.randrange(end)] = chance.choice([0, 255, chance.randrange(256)])
    return bytes(out)


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def huge_files() -> dict[str, bytes]:
    """Small files that say they are large, within the limit of pixels."""
    header = struct.pack(">IIBBBBB", 20000, 20000, 8, 2, 0, 0, 0)
    files = {
        "huge.png": b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    }
    heic = [("huge.heic", good_files()["heic"], b"ispe", 8, struct.pack(">II", 16384, 16384))]
    for name, data, mark, offset, size in (
        *(heic if HEIC else []),
        ("huge.jpg", pillow_bytes(SMOOTH, "JPEG"), b"\xff\xc0", 5, b"\x50\0\x50\0"),
        ("huge.webp", pillow_bytes(SMOOTH, "WEBP"), b"\x9d\x01\x2a", 3, b"\xff\x3f\xff\x3f"),
        ("huge.gif", pillow_bytes(SMOOTH.convert("P"), "GIF"), b"GIF", 6, b"\xff\x3f\xff\x3f"),
        ("huge.bmp", pillow_bytes(SMOOTH, "BMP"), b"BM", 18, struct.pack("<II", 20000, 20000)),
        ("huge.avif", pillow_bytes(SMOOTH, "AVIF"), b"ispe", 8, struct.pack(">II", 16384, 16384)),
        (
            "strip.tif",
            tiff_bytes(np.asarray(SMOOTH), compression="jpeg"),
            b"\xff\xc0",
            5,
            b"\x40\0\x40\0",
        ),
        ("huge.tif", tiff_bytes(DEEP), b"\0\x01\x03\0", 8, struct.pack("<H", 60000)),
    ):
        at = data.find(mark) + offset
        files[name] = data[:at] + size + data[at + len(size) :]
    return files


CHECK = """
import resource, sys, warnings
from pathlib import Path
warnings.simplefilter("error")
from dipcli.errors import PictureError
from dipcli.pictures import probe, read
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
counts = {"read": 0, "refused": 0}
for path in sorted(Path(sys.argv[1]).iterdir()):
    for look in (probe, read):
        try:
            look(path)
        except PictureError as error:
            assert str(error).startswith(str(path)) and "\\n" not in str(error), error
            counts["refused"] += look is read
        else:
            counts["read"] += look is read
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(counts["read"], counts["refused"], grown // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="measures memory in Linux's unit")
def test_damaged_files_are_read_or_refused(tmp_path):
    chance = random.Random(0)
    files = good_files()
    names = list(files)
    for number in range(400):
        name = names[number % len(names)]
        suffix = chance.choice([".png", ".jpg", ".tif", ".webp"])
        (tmp_path / f"{number}{suffix}").write_bytes(damage(files[name], chance))
    for name, data in huge_files().items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.png").write_text("a letter, not a picture")
    done = subprocess.run(
        [sys.executable, "-c", CHECK, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    well, refused, grown = map(int, done.stdout.split())
    assert well + refused == 402 + len(huge_files())
    assert refused > 200
    assert grown < 100  # MB; what the huge ones declare is over a gigabyte each


@pytest.mark.parametrize("name", huge_files())
def test_small_files_that_say_they_are_huge(name):
    with pytest.raises(PictureError, match=r"is (damaged|truncated)"):
        read(huge_files()[name])


@pytest.mark.parametrize("name", [n for n in good_files() if n != "gif"])
def test_no_cut_goes_unnoticed(name, tmp_path):
    data = good_files()[name]
    path = Path(tmp_path / "a.png")
    lengths = {*range(0, len(data), max(1, len(data) // 40)), len(data) - 1}
    for length in lengths:
        path.write_bytes(data[:length])
        try:
            notes = read(path).meta.notes
        except PictureError as error:
            assert "a.png: is " in str(error)
        else:  # the pixels of a TIFF are whole, what describes them comes after them
            assert name == "TIFF"
            assert notes == ("its EXIF data is damaged and is not kept",)
