"""Hundreds of damaged files and some good ones in a folder, one run over all of them.

`python -m tests.mass.damaged --count 500`
"""

import argparse
import io
import random
import struct
import tempfile
from collections import Counter
from pathlib import Path

from .running import QUICK, Ran, contents, picture, run

FORMATS = {"png": "PNG", "jpg": "JPEG", "webp": "WEBP", "tif": "TIFF", "bmp": "BMP", "avif": "AVIF"}
KINDS = ("truncated", "flipped", "suffix", "empty", "huge")
MOST_GROWTH = 300  # MB above a run over the good pictures alone
# Where each format says its size: a mark, the bytes from there, and a size of 17 to 400 megapixels.
SIZES = {
    "png": (b"IHDR", 4, struct.pack(">II", 20000, 20000)),
    "jpg": (b"\xff\xc0", 5, struct.pack(">HH", 20000, 20000)),
    "webp": (b"\x9d\x01\x2a", 3, struct.pack("<HH", 16383, 16383)),
    "tif": (b"\x00\x01\x03\x00\x01\x00\x00\x00", 8, struct.pack("<H", 60000)),
    "bmp": (b"BM", 18, struct.pack("<II", 20000, 20000)),
    "avif": (b"ispe", 8, struct.pack(">II", 16384, 16384)),
}


def good(suffix: str, seed: int) -> bytes:
    """A whole file."""
    buffer = io.BytesIO()
    options = {"compression": "tiff_lzw"} if suffix == "tif" else {}
    picture(seed).save(buffer, FORMATS[suffix], **options)
    return buffer.getvalue()


def damaged(data: bytes, kind: str, suffix: str, chance: random.Random) -> bytes:
    """The file with one kind of damage; "suffix" leaves the bytes as they are."""
    if kind == "truncated":
        return data[: chance.randrange(1, len(data) - 1)]
    if kind == "empty":
        return b""
    out = bytearray(data)
    if kind == "flipped":
        for _ in range(chance.choice((1, 2, 8, 50))):
            out[chance.randrange(len(out))] ^= 1 << chance.randrange(8)
    if kind == "huge":
        mark, offset, size = SIZES[suffix]
        at = data.index(mark) + offset
        out[at : at + len(size)] = size
    return bytes(out)


def fill(place: Path, count: int, intact: int, seed: int) -> dict[str, str]:
    """Write the files; returns what was done to each: its kind, or "good"."""
    chance = random.Random(seed)
    done = {}
    place.mkdir()
    for number in range(count + intact):
        suffix = list(FORMATS)[number % len(FORMATS)]
        data = good(suffix, number)
        kind = "good" if number >= count else KINDS[number // len(FORMATS) % len(KINDS)]
        shown = suffix
        if kind == "suffix":
            shown = chance.choice([one for one in FORMATS if one != suffix])
        if kind != "good":
            data = damaged(data, kind, suffix, chance)
        name = f"{number:04}-{kind}-{suffix}.{shown}"
        (place / name).write_bytes(data)
        done[name] = kind
    return done


def check(ran: Ran, done: dict[str, str], out: Path, source: dict[str, bytes]) -> Counter[str]:
    """Everything that must hold of the run; returns how many of each kind came to which end."""
    assert ran.code == 1, (ran.code, ran.err[-2000:])
    *records, summary = ran.records
    ends = {Path(record["input"]).name: record["status"] for record in records}
    assert set(ends) == set(done), "each file has one record"
    assert set(ends.values()) == {"done", "failed"}
    kept = {name for name, kind in done.items() if kind in ("good", "suffix")}
    assert not {name for name in kept if ends[name] != "done"}, "the good ones are done"
    gone = {name for name, kind in done.items() if kind in ("truncated", "empty", "huge")}
    assert not {name for name in gone if ends[name] != "failed"}, "the hopeless ones failed"
    failed = {name for name, end in ends.items() if end == "failed"}
    assert summary["failed"] == len(failed)
    lines = ran.err.splitlines()
    listed = lines[-len(failed) :]
    assert len(listed) == len(failed)
    for record in records:
        if record["status"] == "failed":
            assert f"dip: {record['error']}" in listed
            assert record["input"] in record["error"]
    for line in lines:
        assert line.startswith(("in/", "dip: ")) or " done, " in line, line
    made = {name.removesuffix(".dip.json") for name in contents(out)}
    told = {Path(record["output"]).name for record in records if record["status"] == "done"}
    assert made == told, "no partial output, no litter"
    assert contents(out.parent / "in") == source, "no input was touched"
    return Counter(f"{done[name]} {end}" for name, end in ends.items())


def main(count: int, intact: int, seed: int) -> None:
    """Make the folder, restore it, check it, say what it took."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        fill(place / "whole", 0, 6, seed)
        plain = run(["denoise", "whole", "-o", "plain", *QUICK], place)
        done = fill(place / "in", count, intact, seed)
        source = contents(place / "in")
        ran = run(["denoise", "in", "-o", "out", "--json", *QUICK], place)
        ends = check(ran, done, place / "out", source)
    growth = ran.peak - plain.peak
    assert growth < MOST_GROWTH, f"{ran.peak:.0f} MB, {growth:.0f} MB more than good ones alone"
    print(f"{len(done)} files in {ran.seconds:.1f} s, exit {ran.code}")
    print(f"peak {ran.peak:.0f} MB, of six good ones alone {plain.peak:.0f} MB")
    print(", ".join(f"{n} {end}" for end, n in sorted(ends.items())))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=500, help="Damaged files.")
    parser.add_argument("--good", type=int, default=30, help="Good files among them.")
    parser.add_argument("--seed", type=int, default=0, help="Of the damage.")
    given = parser.parse_args()
    main(given.count, given.good, given.seed)
