"""Metadata is bounded: what a small file unpacks to, of all its parts together."""

import struct
import zlib

import numpy as np
import pytest
import tifffile

from dipcli.pictures import Picture, encode, read
from dipcli.pictures.bounds import MOST_BYTES, MOST_TEXTS, TOLD, Budget

PLAIN = encode(Picture(np.full((6, 5, 3), 0.5, np.float32)), "PNG")


def with_chunks(*chunks: tuple[bytes, bytes]) -> bytes:
    whole = [
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    ]
    return PLAIN[:33] + b"".join(whole) + PLAIN[33:]


def packed_text(key: str, size: int) -> tuple[bytes, bytes]:
    return b"zTXt", key.encode() + b"\0\0" + zlib.compress(b"a" * size, 9)


def test_what_fits_is_kept_and_what_is_beyond_is_told_once():
    fits = read(
        with_chunks(packed_text("one", MOST_BYTES // 4), packed_text("two", MOST_BYTES // 4))
    ).meta
    assert (len(fits.text["one"]), len(fits.text["two"]), fits.notes) == (MOST_BYTES // 4,) * 2 + (
        (),
    )
    meta = read(with_chunks(*(packed_text(f"k{i}", MOST_BYTES // 4) for i in range(20)))).meta
    assert sum(map(len, meta.text.values())) <= MOST_BYTES
    assert len(meta.text) == 3
    assert meta.notes == (TOLD,)


def test_a_repeated_key_is_bounded_like_others():
    meta = read(with_chunks(*[packed_text("same", MOST_BYTES // 4)] * 20)).meta
    assert len(meta.text["same"]) <= MOST_BYTES
    assert meta.notes == (TOLD,)


def test_no_more_than_the_bound_is_ever_unpacked():
    budget = Budget()
    for _ in range(5):
        assert budget.inflated(zlib.compress(bytes(MOST_BYTES + 1))) is None
    assert budget.inflated(zlib.compress(b"small")) is None, "all of it was spent"
    assert budget.exceeded
    broken = bytearray(zlib.compress(bytes(MOST_BYTES // 2)))
    broken[-1] ^= 1
    budget = Budget()
    for _ in range(2):
        with pytest.raises(zlib.error):
            budget.inflated(bytes(broken))
    assert not budget.spend(1), "what failed in the end was unpacked, too"


def test_texts_without_number():
    meta = read(with_chunks(*[(b"tEXt", b"k\0v")] * (MOST_TEXTS + 5))).meta
    assert len(meta.text["k"]) == 2 * MOST_TEXTS - 1
    assert meta.notes == (TOLD,)


def test_a_chunk_on_colour_of_any_size_is_not_carried_on():
    meta = read(with_chunks((b"gAMA", bytes(1000)), (b"sRGB", b"\0"))).meta
    assert meta.chunks == ((b"sRGB", b"\0"),)


def test_a_tiff_is_bounded_likewise(tmp_path):
    path = tmp_path / "a.tif"
    large = bytes(MOST_BYTES - 10)
    tags = [(700, 1, len(large), large, True), (33723, 1, 100, bytes(100), True)]
    pixels = np.zeros((6, 5), np.uint8)
    tifffile.imwrite(path, pixels, extratags=tags, metadata=None, software=False)
    meta = read(path).meta
    assert len(meta.xmp) == MOST_BYTES - 10
    assert meta.iptc is None
    assert meta.notes == (TOLD,)
