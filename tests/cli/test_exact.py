"""Through the command line: known pixels bit for bit, and all that lies beside them."""

import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from drawing import QUICK, draw_mask
from PIL import Image

from dipcli.pictures import encode, read, written

sys.path.append(str(Path(__file__).parents[1] / "pictures"))
from roundtrip_table import CHANNELS, DEPTHS, described, kept, picture

SIZE = (32, 24)
SMALL = ("--channels", "4,8", *QUICK)


def lossless(folder: Path) -> None:
    """Every kind of picture that comes back exactly, as we write it and as others do."""
    folder.mkdir()
    for format, kind in written().items():
        for depth in DEPTHS:
            for name, (colours, alpha) in CHANNELS.items():
                keeps = kept(format, depth, colours, alpha, lossless=True)
                if keeps.startswith("exact"):
                    data = encode(picture(depth, colours, alpha, lossless=True), format)
                    (folder / f"{depth} {name}{kind.suffixes[0]}").write_bytes(data)
    rng = np.random.default_rng(0)
    deep = rng.integers(0, 65536, (SIZE[1], SIZE[0], 3)).astype(np.uint16)
    for name, options in {
        "lzw": {"compression": "lzw"},
        "packbits": {"compression": "packbits"},
        "big": {"bigtiff": True},
        "big-endian": {"byteorder": ">"},
        "tiles": {"tile": (16, 16)},
    }.items():
        tifffile.imwrite(folder / f"{name}.tif", deep, photometric="rgb", **options)
    planes = np.moveaxis(deep, 2, 0)
    tifffile.imwrite(folder / "planes.tif", planes, photometric="rgb", planarconfig="separate")
    tifffile.imwrite(folder / "white.tif", deep[..., 0], photometric="miniswhite")
    Image.fromarray((deep >> 8).astype(np.uint8)).convert("P").save(folder / "palette.png")


def test_known_pixels_are_exact_in_every_lossless_format(tmp_path, dip):
    lossless(tmp_path / "in")
    hole = np.asarray(Image.open(draw_mask(tmp_path / "mask.png", SIZE))) > 127
    ran = dip("inpaint", "in", "--mask", "mask.png", "-o", "out", *SMALL)
    assert ran.code == 0, ran.err
    names = sorted(path.name for path in (tmp_path / "in").iterdir())
    assert len(names) > 28
    for name in names:
        before, after = read(tmp_path / "in" / name), read(tmp_path / "out" / name)
        assert after.meta.depth == before.meta.depth, name
        assert np.array_equal(after.pixels[~hole], before.pixels[~hole]), name
        assert not np.array_equal(after.pixels[hole], before.pixels[hole]), name
        assert (after.alpha is None) == (before.alpha is None), name
        if before.alpha is not None:
            assert np.array_equal(after.alpha, before.alpha), name


@pytest.mark.parametrize("command", ["denoise", "superres"])
def test_what_lies_beside_the_pixels_is_kept(command, tmp_path, dip):
    (tmp_path / "in").mkdir()
    for format, kind in written().items():
        (tmp_path / "in" / f"{format}{kind.suffixes[0]}").write_bytes(encode(described(), format))
    scale = ["--scale", 2] if command == "superres" else []
    assert dip(command, "in", "-o", "out", *scale, *SMALL).code == 0
    for path in sorted((tmp_path / "in").iterdir()):
        before, after = read(path).meta, read(tmp_path / "out" / path.name).meta
        for name in ("format", "icc", "xmp", "iptc", "text", "dpi"):
            assert getattr(after, name) == getattr(before, name), (path.name, name)
        old, new = (_tags(meta.exif) for meta in (before, after))
        assert set(old.items()) <= set(new.items()), path.name


def _tags(block: bytes | None) -> dict[int, object]:
    exif = Image.Exif()
    exif.load(block or b"")
    found = {**exif, **exif.get_ifd(0x8769), **exif.get_ifd(0x8825)}
    return {tag: found[tag] for tag in (0x010F, 0x9003, 1) if tag in found}


def test_a_depth_that_the_format_cannot_hold_stops_before_the_first_step(tmp_path, dip):
    for depth, held in ((16, "16 bits per value"), (32, "float values")):
        (tmp_path / "a.tif").write_bytes(encode(picture(depth, 3, False), "TIFF"))
        ran = dip("denoise", "a.tif", "-o", "x.jpg", *QUICK)
        assert ran.code == 1
        assert held in ran.err
        assert not (tmp_path / "x.jpg").exists()


def test_kinds_that_are_not_restored_are_named(tmp_path, dip):
    first, second = (Image.new("RGB", (20, 16), colour) for colour in ("red", "blue"))
    first.convert("CMYK").save(tmp_path / "cmyk.jpg")
    for name in ("a.gif", "a.webp", "a.png", "a.tif"):
        first.save(tmp_path / name, save_all=True, append_images=[second])
    for name, message in {
        "cmyk.jpg": "is a CMYK picture; convert it to RGB first",
        "a.gif": "is an animated GIF; take one frame out of it first",
        "a.webp": "is an animated WebP; take one frame out of it first",
        "a.png": "is an animated PNG; take one frame out of it first",
        "a.tif": "has 2 pages; split it into single pictures first",
    }.items():
        ran = dip("denoise", name, "-o", "x.png", *QUICK)
        assert (ran.code, ran.err) == (1, f"dip: {name}: {message}\n")


def test_a_palette_is_said_to_become_colours(tmp_path, dip):
    Image.new("RGB", (20, 16), "red").convert("P").save(tmp_path / "a.png")
    ran = dip("denoise", "a.png", "-o", "x.png", *QUICK)
    assert ran.err.startswith("dip: a.png: its palette becomes RGB\n")
    assert read(tmp_path / "x.png").pixels.shape == (16, 20, 3)


def test_a_turned_photo_comes_out_upright(tmp_path, dip):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (20, 16), "red").save(tmp_path / "a.jpg", exif=exif)
    assert dip("denoise", "a.jpg", "-o", "x.jpg", *QUICK).code == 0
    with Image.open(tmp_path / "x.jpg") as image:
        assert image.size == (16, 20)
        assert image.getexif().get(0x0112, 1) == 1
