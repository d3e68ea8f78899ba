"""The change test: a new format is one file and one entry in the table, and nothing else."""

import inspect
import json
import sys
from dataclasses import replace

import numpy as np
import pytest

from dipcli.cli.app import run
from dipcli.pictures import CODECS, Meta, Picture, encode, lost, probe, read, read_provenance

# ---- the file: as it would stand in dipcli/pictures/codecs/pgx.py ----
from dipcli.pictures.codec import Codec, starts_with
from dipcli.pictures.headers import Levels, RefusedError, Scan
from dipcli.pictures.ifd import Buffer

MAGIC = b"PGX\n"


def parts(data: Buffer) -> tuple[str, list[int], list[str]]:
    """The record, the size as [height, width, channels], and a line for each row of pixels."""
    text, size, *rows = bytes(data).removeprefix(MAGIC).decode().split("\n")
    if len(rows) != int(size.split()[0]) + 1 or rows.pop():  # every row ends with a line break
        raise RefusedError("is truncated; get the whole file")
    return text, [int(one) for one in size.split()], rows


def scan(data: Buffer) -> Scan:
    """Read everything but the pixels; raises RefusedError, or ValueError for a damaged file."""
    _, (height, width, channels), _ = parts(data)
    return Scan(width, height, channels, has_alpha=False, meta=Meta(), decode=decode)


def decode(data: bytes) -> Levels:
    """The values (H, W, C) uint8."""
    _, size, rows = parts(data)
    return np.array([row.split() for row in rows]).astype(np.uint8).reshape(size)


def encode_pgx(levels: Levels, meta: Meta, *, quality: int, record: str | None) -> bytes:
    """A PGX of (H, W, 1 or 3) uint8 levels."""
    rows = [" ".join(map(str, row)) for row in levels.reshape(len(levels), -1).tolist()]
    size = " ".join(map(str, levels.shape))
    return MAGIC + "\n".join([record or "", size, *rows, ""]).encode()


def record_in(data: bytes) -> str | None:
    """The record, None if there is none."""
    return parts(data)[0] or None


CODEC = Codec(
    name="PGX",
    title="PGX",
    suffixes=(".pgx",),
    matches=starts_with(MAGIC),
    scan=scan,
    encode=encode_pgx,
    record=record_in,
    keeps=frozenset({"record"}),
    alpha=False,
    lossless=True,
)
# ---- the end of the file ----

QUICK = ("--iters", "2", "--runs", "1", "--device", "cpu")


@pytest.fixture(autouse=True)
def entered(tmp_path, monkeypatch):
    """The entry in the table, in an empty folder to work in."""
    monkeypatch.setitem(CODECS, "PGX", CODEC)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))


@pytest.fixture
def dip(capsys):
    """`dip ...` in this process: exit code, standard output, standard error."""

    def call(*args):
        code = run([str(one) for one in args])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def draw(path, colours=1, seed=0, **meta):
    """A noisy little picture, written by the codec of its suffix."""
    rng = np.random.default_rng(seed)
    ramp = np.linspace(0.2, 0.8, 20)[None, :, None] + rng.normal(0, 0.08, (16, 20, colours))
    levels = np.rint(255 * ramp.clip(0, 1)).astype(np.float32)
    picture = Picture(levels / np.float32(255), None, Meta(**meta))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode(picture, path.suffix.lstrip(".").upper()))
    return picture


def test_the_file_is_short():
    source = inspect.getsource(sys.modules[__name__])
    written = source.split("---- the file")[1].split("\n# ---- the end")[0]
    assert written.count("\n") <= 60


@pytest.mark.parametrize("colours", [1, 3])
def test_pixels_come_back_exactly(tmp_path, colours):
    picture = draw(tmp_path / "a.pgx", colours)
    assert np.array_equal(read(tmp_path / "a.pgx").pixels, picture.pixels)
    found = probe(tmp_path / "a.pgx")
    assert (found.format, found.size, found.lossless) == ("PGX", (20, 16), True)


def test_from_it_and_to_it(tmp_path, dip):
    draw(tmp_path / "a.pgx", colours=3)
    assert dip("denoise", "a.pgx", "-o", "b.png", *QUICK)[0] == 0
    assert dip("denoise", "a.pgx", "-o", "b.pgx", *QUICK)[0] == 0
    assert dip("denoise", "b.png", "-o", "c.jpg", "--format", "pgx", *QUICK)[0] == 0
    assert probe(tmp_path / "b.png").format == "PNG"
    assert probe(tmp_path / "c.jpg").format == "PGX"
    assert np.array_equal(read(tmp_path / "b.png").pixels, read(tmp_path / "b.pgx").pixels)
    assert json.loads(read_provenance(tmp_path / "b.pgx"))["task"] == "denoise"


def test_a_folder_is_up_to_date_on_the_second_run(tmp_path, dip):
    draw(tmp_path / "in/a.pgx")
    draw(tmp_path / "in/b.png", seed=1)
    (tmp_path / "in/broken.pgx").write_bytes(b"no longer one")
    code, _, err = dip("denoise", "in", "-o", "out", *QUICK)
    assert (code, "2 done, 1 failed" in err) == (1, True)
    (tmp_path / "in/broken.pgx").unlink()
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.pgx", "b.png"]
    before = (tmp_path / "out/a.pgx").stat().st_mtime_ns
    code, _, err = dip("denoise", "in", "-o", "out", *QUICK)
    assert (code, "2 pictures: 2 up to date" in err) == (0, True)
    assert (tmp_path / "out/a.pgx").stat().st_mtime_ns == before


def test_a_format_without_a_place_for_the_record(tmp_path, dip, monkeypatch):
    monkeypatch.setitem(CODECS, "PGX", replace(CODEC, keeps=frozenset()))
    draw(tmp_path / "in/a.pgx")
    assert dip("denoise", "in", "-o", "out", *QUICK)[0] == 0
    assert (tmp_path / "out/a.pgx.dip.json").is_file()
    assert "1 picture: 1 up to date" in dip("denoise", "in", "-o", "out", *QUICK)[2]


def test_masks_may_be_of_it(tmp_path, dip):
    draw(tmp_path / "a.png")
    hole = np.zeros((16, 20, 1), np.float32)
    hole[4:8, 5:10] = 1
    (tmp_path / "mask.pgx").write_bytes(encode(Picture(hole), "PGX"))
    args = ("inpaint", "a.png", "--mask", "mask.pgx", "-o", "b.pgx", *QUICK)
    assert dip(*args)[0] == 0
    kept = hole[..., 0] == 0
    filled, given = read(tmp_path / "b.pgx").pixels, read(tmp_path / "a.png").pixels
    assert np.array_equal(filled[kept], given[kept])


def test_a_truncated_file_is_refused_in_one_line(tmp_path, dip):
    draw(tmp_path / "a.pgx")
    data = (tmp_path / "a.pgx").read_bytes()
    for end in (len(data) // 2, len(data) - 1):
        (tmp_path / "a.pgx").write_bytes(data[:end])
        code, _, err = dip("denoise", "a.pgx", "-o", "b.png", *QUICK)
        assert code == 1
        assert err == "dip: a.pgx: is truncated; get the whole file\n"
        assert not (tmp_path / "b.png").exists()


def test_what_it_cannot_hold_is_told(tmp_path, dip):
    pixels = np.full((4, 4, 3), 0.5, np.float32)
    clear = Picture(pixels, np.full((4, 4), 0.5, np.float32), Meta(icc=b"profile"))
    (tmp_path / "a.png").write_bytes(encode(clear, "PNG"))
    code, _, err = dip("denoise", "a.png", "-o", "b.pgx", *QUICK)
    assert (code, err.count("\n")) == (1, 1)
    assert "has transparency, which PGX cannot hold; write PNG, WebP, TIFF or AVIF" in err
    assert lost(clear, "PGX") == ("colour profile",)


def test_help_and_messages_name_it(tmp_path, dip):
    assert "png, jpg, webp, tif, bmp, avif or pgx." in " ".join(dip("denoise", "--help")[1].split())
    draw(tmp_path / "a.pgx")
    assert (
        "choose .png, .jpg, .webp, .tif, .bmp, .avif, .pgx"
        in (dip("denoise", "a.pgx", "-o", "b.xyz", *QUICK)[2])
    )
    (tmp_path / "text.png").write_bytes(b"hello, this is text")
    assert "HEIC, GIF or PGX picture" in dip("denoise", "text.png", *QUICK)[2]
