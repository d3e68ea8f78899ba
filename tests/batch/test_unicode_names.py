"""Files are paired by stem whichever way a name is written: macOS takes letters apart."""

import unicodedata
from pathlib import Path

import pytest

from dipcli.batch.find import Found, partner
from dipcli.errors import MaskError

NAME = "Übermäßig café"
WHOLE, APART = (unicodedata.normalize(form, NAME) for form in ("NFC", "NFD"))


def put(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    return path


def found(folder: Path, relative: str) -> Found:
    return Found(folder / relative, folder, relative)


@pytest.mark.parametrize(("ours", "theirs"), [(WHOLE, APART), (APART, WHOLE)])
def test_a_partner_is_found_in_either_form(tmp_path: Path, ours: str, theirs: str) -> None:
    mask = put(tmp_path / "masks" / f"{theirs}.png")
    assert partner(tmp_path / "masks", found(tmp_path, f"{ours}.jpg"), "mask") == mask


@pytest.mark.parametrize(("ours", "theirs"), [(WHOLE, APART), (APART, WHOLE)])
def test_a_subfolder_is_found_in_either_form(tmp_path: Path, ours: str, theirs: str) -> None:
    mask = put(tmp_path / "masks" / theirs / "a.png")
    put(tmp_path / "masks" / "a.png")  # of another picture, which lies above
    assert partner(tmp_path / "masks", found(tmp_path, f"{ours}/a.jpg"), "mask") == mask


def test_the_very_name_comes_before_one_that_reads_alike(tmp_path: Path) -> None:
    mask = put(tmp_path / "masks" / f"{WHOLE}.png")
    put(tmp_path / "masks" / f"{APART}.png")
    if len(list((tmp_path / "masks").iterdir())) == 1:
        pytest.skip("this file system takes both for one name")
    assert partner(tmp_path / "masks", found(tmp_path, f"{WHOLE}.png"), "mask") == mask


def test_two_that_read_alike_are_told_apart_by_nobody(tmp_path: Path) -> None:
    for suffix in (".png", ".bmp"):
        put(tmp_path / "masks" / f"{APART}{suffix}")
    with pytest.raises(MaskError, match="both could be its mask; keep one"):
        partner(tmp_path / "masks", found(tmp_path, f"{WHOLE}.png"), "mask")


def test_other_letters_are_other_names(tmp_path: Path) -> None:
    put(tmp_path / "masks" / "Ubermassig cafe.png")
    with pytest.raises(MaskError, match="no mask named"):
        partner(tmp_path / "masks", found(tmp_path, f"{WHOLE}.png"), "mask")


def test_a_name_that_is_no_text_is_compared_as_it_is(tmp_path: Path) -> None:
    name = b"caf\xe9".decode("utf-8", "surrogateescape")
    mask = put(tmp_path / "masks" / f"{name}.png")
    assert partner(tmp_path / "masks", found(tmp_path, f"{name}.png"), "mask") == mask
