"""HEIC, which phones take: read only, by libheif through the extra `heif`.

pillow-heif's own functions are called; it is never registered with Pillow, which would be a
global of the process. libheif turns the picture as the file's own boxes say (irot, imir), and an
orientation in the EXIF only repeats that (ISO/IEC 23008-12), so it is dropped, not applied.
"""

import io
from typing import TYPE_CHECKING, Any

from dipcli.pictures.boxes import brands, check_boxes
from dipcli.pictures.codec import Codec
from dipcli.pictures.headers import Levels, RefusedError, Scan, check_data
from dipcli.pictures.ifd import Buffer
from dipcli.pictures.metadata import upright, upright_xmp
from dipcli.pictures.picture import Meta

if TYPE_CHECKING:
    from pillow_heif import HeifFile

_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_GRAY = ("L", "I")  # how the names of its modes begin
_PIXELS_PER_BYTE = 65536  # 15 times what 8000x8000 of one colour take
_USUAL_PRIMARIES, _USUAL_TRANSFER = (1, 2), (1, 2, 6, 13)  # BT.709, sRGB or nothing said


def _matches(head: bytes) -> bool:
    return not _BRANDS.isdisjoint(brands(head))


def _open(data: Buffer) -> "HeifFile":
    """libheif's view of the file in its own depth; nothing is decoded."""
    try:
        import pillow_heif
    except ImportError as error:
        raise RefusedError("is a HEIC picture; to read it, pip install 'dipcli[heif]'") from error
    return pillow_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=False, hdr_to_16bit=False)


def scan(data: Buffer) -> Scan:
    """Read everything but the pixels; raises RefusedError, or what pillow-heif raises."""
    check_boxes(data)
    found = _open(data)
    if not len(found):
        raise RefusedError("holds no still picture; take one frame out of it first")
    width, height = found.size
    check_data(width, height, data, _PIXELS_PER_BYTE)
    bits = int(found.info["bit_depth"])
    exif = upright(found.info["exif"])
    meta = Meta(
        depth=16 if bits > 8 else 8,
        premultiplied=found.premultiplied_alpha,
        icc=found.info.get("icc_profile") or None,
        exif=exif.exif,
        xmp=upright_xmp(found.info.get("xmp")),
        dpi=exif.density,
        chunks=_colours(found.info),
        notes=exif.notes + _changes(found, bits),
    )
    gray = found.mode.startswith(_GRAY)
    return Scan(
        width=width,
        height=height,
        channels=1 if gray else 3,
        has_alpha=found.has_alpha,
        meta=meta,
        decode=_decode,
        top=float(2**bits - 1),
    )


def _colours(info: dict[str, Any]) -> tuple[tuple[bytes, bytes], ...]:
    """Colours that are named by number and are not those of sRGB, as PNG names them (cICP)."""
    named = info.get("nclx_profile")
    if named is None or info.get("icc_profile"):
        return ()
    primaries, transfer = named["color_primaries"], named["transfer_characteristics"]
    if primaries in _USUAL_PRIMARIES and transfer in _USUAL_TRANSFER:
        return ()
    return ((b"cICP", bytes((primaries, transfer, 0, 1))),)


def _changes(found: "HeifFile", bits: int) -> tuple[str, ...]:
    """What is not taken from the file as it is there."""
    info = found.info
    notes: tuple[str, ...] = ()
    if bits > 8:
        notes += (f"{bits}-bit values become 16-bit ones",)
    if len(found) > 1 or info["depth_images"] or info.get("aux"):
        notes += ("further pictures in the file (previews, depth maps) are not kept",)
    return notes


def _decode(data: bytes) -> Levels:
    """The values (H, W, C), uint8 or uint16."""
    import numpy as np

    array = np.asarray(_open(data))
    return array.reshape(*array.shape[:2], -1)


CODEC = Codec(name="HEIC", title="HEIC", matches=_matches, scan=scan)
