"""HEIC photos through the command line: read, and written as something else."""

import sys
from pathlib import Path

import numpy as np
import pytest
from drawing import QUICK

from dipcli.pictures import read

sys.path.append(str(Path(__file__).parents[1] / "pictures"))
from roundtrip_table import exif_block, heic_bytes

LEVELS = np.random.default_rng(0).integers(0, 256, (16, 20, 3), dtype=np.uint8)


@pytest.fixture
def photo(tmp_path):
    pytest.importorskip("pillow_heif", reason="HEIC needs the extra heif")
    exif = b"Exif\0\0" + exif_block()
    (tmp_path / "photo.heic").write_bytes(heic_bytes(LEVELS, "RGB", exif=exif))


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp", ".avif"])
def test_it_is_written_as_the_suffix_says(suffix, photo, tmp_path, dip):
    ran = dip("denoise", "photo.heic", "-o", f"clean{suffix}", *QUICK)
    assert ran.code == 0, ran.err
    assert "not written" not in ran.err
    found = read(tmp_path / f"clean{suffix}")
    assert found.size == (20, 16)
    assert found.meta.exif is not None


def test_without_a_suffix_it_becomes_png_and_that_is_said(photo, tmp_path, dip):
    ran = dip("denoise", "photo.heic", *QUICK)
    assert ran.code == 0, ran.err
    assert "photo.heic: HEIC is read but not written: the result is a PNG\n" in ran.err
    assert read(tmp_path / "photo_denoise.png").meta.format == "PNG"
    assert dip("denoise", "photo.heic", *QUICK).code == 0  # up to date


def test_a_suffix_that_is_not_written_is_refused(photo, dip):
    ran = dip("denoise", "photo.heic", "-o", "clean.heic", *QUICK)
    assert ran.code == 2
    assert "no format has the suffix .heic; choose .png" in ran.err


def test_a_folder_takes_it_with_the_others_and_a_missing_extra_is_named(tmp_path, dip, monkeypatch):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "photo.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(8))
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    ran = dip("denoise", "in", "-o", "out", *QUICK)
    assert ran.code == 1
    assert "in/photo.heic: is a HEIC picture; to read it, pip install 'dipcli[heif]'" in ran.err
    assert "pip install 'dipcli[heif]'" in dip("doctor").out
