import numpy as np
import pytest
from scenes import file_of, scene
from skimage.util import view_as_blocks

from dipcli.pictures import read
from dipcli.pictures.coding import JpegCoding, of_file, scaled, standard
from dipcli.pictures.reading import turned

LAYERS = [(1, 2, 2, 0), (2, 1, 1, 1), (3, 1, 1, 1)]
TABLES = {0: scaled(standard(50).tables[0], 50), 1: standard(50).tables[1]}


def test_the_tables_are_those_that_libjpeg_writes():
    """In the same order, too: Pillow gives them row by row."""
    for quality in (1, 30, 50, 77, 100):
        found = read(file_of(scene(16, 24), quality=quality)).meta.jpeg
        assert found == standard(quality)
        assert found.quality == quality


@pytest.mark.parametrize(("number", "factors"), [(0, (1, 1)), (1, (1, 2)), (2, (2, 2))])
def test_the_subsampling_is_read(number, factors):
    assert read(file_of(scene(16, 24), subsampling=number)).meta.jpeg.factors == factors


def test_gray_has_one_table():
    coding = read(file_of(scene(16, 24)[..., 0], quality=20)).meta.jpeg
    assert coding == standard(20, gray=True)
    assert coding.gray


def test_colour_that_is_not_luma_and_chroma_has_no_coding():
    assert read(file_of(scene(16, 24), keep_rgb=True)).meta.jpeg is None
    assert of_file(TABLES, [(name, 1, 1, 0) for name in b"RGB"]) is None
    assert of_file(TABLES, [(1, 3, 1, 0), *LAYERS[1:]]) is None
    assert of_file(TABLES, [(1, 2, 2, 0), (2, 1, 1, 1), (3, 2, 1, 1)]) is None
    assert of_file({0: TABLES[0]}, LAYERS) is None
    assert of_file(TABLES, LAYERS[:2]) is None


def test_it_says_nothing_of_whether_pictures_are_the_same():
    meta = read(file_of(scene(16, 24), quality=30)).meta
    assert meta == read(file_of(scene(16, 24), quality=80)).meta


def test_a_window_has_its_own_offset():
    coding = standard(50, factors=(2, 2), offset=(3, 14))
    assert coding.at(0, 0) == coding
    assert coding.at(16, 32) == coding
    assert coding.at(5, 3).offset == (8, 1)
    assert coding.at(5, 3).at(2, 2) == coding.at(7, 5)


@pytest.mark.parametrize(
    "wrong",
    [
        {"tables": (TABLES[0],) * 2},
        {"tables": (TABLES[0][:63],)},
        {"tables": ((0, *TABLES[0][1:]),)},
        {"tables": (TABLES[0],), "factors": (2, 2)},
        {"tables": (TABLES[0],) * 3, "factors": (3, 1)},
    ],
)
def test_what_no_file_has_is_an_error(wrong):
    with pytest.raises(ValueError, match=r"table|chroma"):
        JpegCoding(**wrong)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turned_pictures_keep_their_cells(orientation):
    """Cells of one value each are cells of one value where the turned coding says they are."""
    coding = standard(50, factors=(2, 1), offset=(5, 3))
    v, h = coding.cell
    rows, columns = np.arange(37) + 5, np.arange(46) + 3
    picture = (100 * (rows // v)[:, None] + columns // h)[..., None]
    after = coding.turned(orientation, (37, 46))
    shown = turned(picture, orientation)
    top, left = (-at % n for at, n in zip(after.offset, after.cell, strict=True))
    whole = shown[top:, left:, 0]
    whole = whole[: whole.shape[0] // after.cell[0] * after.cell[0]]
    whole = np.ascontiguousarray(whole[:, : whole.shape[1] // after.cell[1] * after.cell[1]])
    cells = view_as_blocks(whole, after.cell)
    assert (cells == cells[:, :, :1, :1]).all()
    assert len(np.unique(cells)) == cells.shape[0] * cells.shape[1]
    assert (after.tables != coding.tables) == (orientation > 4)


def test_a_file_that_is_shown_turned_has_a_turned_coding():
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
    picture = read(file_of(scene(21, 40), exif=exif, subsampling=1, quality=40))
    assert picture.pixels.shape == (40, 21, 3)
    assert picture.meta.jpeg == standard(40, factors=(1, 2)).turned(6, (21, 40))
    assert picture.meta.jpeg.factors == (2, 1)
    assert picture.meta.jpeg.offset == (0, 3)
