"""What each format keeps, found out by writing and reading.

`python -m tests.pictures.roundtrip_table` prints the tables as markdown for the guide;
test_picture_roundtrip.py checks them.
"""

import io

import numpy as np
from PIL import Image

from dipcli.errors import PictureError
from dipcli.pictures import Meta, Picture, encode, read, read_provenance, written

DEPTHS = {8: "8 bit", 16: "16 bit", 32: "float32"}
CHANNELS = {"gray": (1, False), "gray + alpha": (1, True), "RGB": (3, False), "RGBA": (3, True)}
RECORD = '{"version": "1.0", "command": "denoise"}'
KINDS = ("ICC", "EXIF", "XMP", "IPTC", "DPI", "text", "record")


def picture(depth: int, colours: int, has_alpha: bool, **meta: object) -> Picture:
    """A picture of slopes with some grain, which lossy formats come near but do not hit.

    Its values are levels of the depth.
    """
    y, x = np.mgrid[0:24, 0:32].astype(np.float32)
    planes = [x / 31, y / 23, (x + y) / 54, 0.25 + y / 46][: colours + has_alpha]
    grain = np.random.default_rng(0).random((24, 32, len(planes)), np.float32)
    values = (0.95 * np.stack(planes, axis=-1) + 0.05 * grain).astype(np.float32)
    if depth < 32:
        top = np.float32(2**depth - 1)
        values = np.rint(values * top).astype(np.float32) / top
    alpha = values[..., -1].copy() if has_alpha else None
    return Picture(values[..., :colours].copy(), alpha, Meta(depth=depth, **meta))


def kept(format: str, depth: int, colours: int, has_alpha: bool, lossless: bool = False) -> str:
    """How a picture comes back: exact, near, in more channels ("as RGB"), or refused."""
    original = picture(depth, colours, has_alpha, lossless=lossless)
    try:
        again = read(encode(original, format))
    except PictureError:
        return "refused"
    expected = np.broadcast_to(original.pixels, again.pixels.shape)
    alphas = (original.alpha, again.alpha)
    assert again.meta.depth == depth
    assert (alphas[0] is None) == (alphas[1] is None)
    difference = np.abs(again.pixels - expected).max()
    if has_alpha:
        difference = max(difference, np.abs(alphas[1] - alphas[0]).max())
    how = "exact" if difference == 0 else "near" if difference < 0.1 else "wrong"
    more = again.pixels.shape[2] > colours
    return f"{how}, as RGB{'A' if has_alpha else ''}" if more else how


def pixel_table() -> dict[str, dict[str, str]]:
    """By format (WebP twice) and by depth and channels: what comes back."""
    rows = {}
    for format in (*written(), "WEBP lossless"):
        name, _, lossless = format.partition(" ")
        rows[format] = {
            f"{deep} {channels}": kept(name, depth, *kind, lossless=bool(lossless))
            for depth, deep in DEPTHS.items()
            for channels, kind in CHANNELS.items()
        }
    return rows


def exif_block() -> bytes:
    """A small EXIF block with a maker, a date and a place."""
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    exif.get_ifd(0x8769)[0x9003] = "2020:01:02 03:04:05"
    exif.get_ifd(0x8825)[1] = "N"
    return exif.tobytes().removeprefix(b"Exif\0\0")


def described(depth: int = 8) -> Picture:
    """A picture with every kind of metadata."""
    return picture(
        depth,
        3,
        False,
        icc=bytes(range(256)) * 500,
        exif=exif_block(),
        xmp=b"<x:xmpmeta>caf\xc3\xa9</x:xmpmeta>",
        iptc=b"\x1c\x02\x05\x00\x05Title",
        dpi=(300.0, 150.0),
        text={"Title": "caf\u00e9", "Author": "\u65e5\u672c", "Comment": "said"},
    )


def metadata_kept(format: str, folder) -> dict[str, bool]:
    """Which kinds of metadata come back as they were."""
    before = described()
    data = encode(before, format, provenance=RECORD)
    path = folder / "picture"
    path.write_bytes(data)
    after = read(data).meta
    exif = Image.Exif()
    exif.load(after.exif or b"")
    tags = (exif.get(0x010F), exif.get_ifd(0x8769).get(0x9003), exif.get_ifd(0x8825).get(1))
    found = (
        after.icc == before.meta.icc,
        tags == ("Maker", "2020:01:02 03:04:05", "N"),
        after.xmp == before.meta.xmp,
        after.iptc == before.meta.iptc,
        after.dpi is not None and np.allclose(after.dpi, before.meta.dpi, atol=0.02),
        after.text == before.meta.text,
        read_provenance(path) == RECORD,
    )
    return dict(zip(KINDS, found, strict=True))


def heic_bytes(levels: np.ndarray, mode: str, **options: object) -> bytes:
    """A HEIC of (H, W[, C]) levels without loss, as pillow-heif writes it (an extra)."""
    import pillow_heif

    buffer = io.BytesIO()
    exact = {"quality": -1, "chroma": 444, "matrix_coefficients": 0}
    size = levels.shape[1], levels.shape[0]
    pillow_heif.encode(mode, size, levels.tobytes(), buffer, **{**exact, **options})
    return buffer.getvalue()


def heic_table() -> dict[str, str]:
    """What comes out of a HEIC, which is read only."""
    found = {}
    for name, mode, bits, channels in (
        ("8 bit gray", "L", 8, 1),
        ("8 bit RGB", "RGB", 8, 3),
        ("8 bit RGBA", "RGBA", 8, 4),
        ("10 bit RGB", "RGB;10", 10, 3),
        ("12 bit RGB", "RGB;12", 12, 3),
    ):
        levels = np.random.default_rng(0).integers(0, 2**bits, (24, 32, channels))
        after = read(heic_bytes(levels.astype(np.uint8 if bits == 8 else np.uint16), mode))
        values = after.pixels
        if after.alpha is not None:
            values = np.concatenate([values, after.alpha[..., None]], axis=2)
        exact = np.array_equal(np.rint(values * (2**bits - 1)), levels)
        found[name] = ("exact" if exact else "wrong") + (", as 16 bit" if bits > 8 else "")
    meta = described().meta
    facts = {"icc_profile": meta.icc, "exif": b"Exif\0\0" + meta.exif, "xmp": meta.xmp}
    after = read(heic_bytes(np.zeros((24, 32, 3), np.uint8), "RGB", **facts)).meta
    for name, same in (
        ("ICC", after.icc == meta.icc),
        ("EXIF", after.exif == meta.exif),
        ("XMP", after.xmp == meta.xmp),
    ):
        found[name] = "kept" if same else "not kept"
    return found


def heic_markdown() -> str:
    """The line for HEIC, as it stands in examples/GUIDE.md."""
    found = heic_table()
    rows = (["", *found], ["---"] * (len(found) + 1), ["from HEIC", *found.values()])
    return "\n".join(f"| {' | '.join(row)} |".replace("|  |", "| |") for row in rows)


def markdown(folder) -> str:
    """The tables of what is written, as they stand in examples/GUIDE.md."""
    pixels = pixel_table()
    columns = list(pixels)
    lines = ["| | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    lines += [
        f"| {kind} | " + " | ".join(pixels[format][kind] for format in columns) + " |"
        for kind in pixels["PNG"]
    ]
    lines += ["", "| | " + " | ".join(written()) + " |", "|---" * (len(written()) + 1) + "|"]
    facts = {format: metadata_kept(format, folder) for format in written()}
    for kind in KINDS:
        marks = ("kept" if facts[format][kind] else "not kept" for format in written())
        lines.append(f"| {kind} | " + " | ".join(marks) + " |")
    return "\n".join(lines)


def pillow_bytes(image: Image.Image, format: str, **options: object) -> bytes:
    """A file as Pillow writes it."""
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


if __name__ == "__main__":
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as name:
        print(markdown(Path(name)), heic_markdown(), sep="\n\n")
