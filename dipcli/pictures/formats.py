"""The formats by name, suffix and magic bytes, and what each of them can hold."""

from dataclasses import dataclass

from dipcli.errors import PictureError


@dataclass(frozen=True)
class Format:
    """What a format can hold as `encode` writes it; its first suffix is the usual one."""

    suffixes: tuple[str, ...]
    keeps: frozenset[str]  # of the metadata
    depths: tuple[int, ...] = (8,)
    alpha: bool = True
    gray: bool = True
    lossless: bool = False
    max_side: int = 2**31 - 1


_ALL = frozenset({"colour profile", "EXIF", "XMP", "resolution", "record"})

FORMATS = {
    "PNG": Format((".png",), keeps=_ALL | {"text"}, depths=(8, 16), lossless=True),
    "JPEG": Format(
        (".jpg", ".jpeg", ".jpe", ".jfif"), keeps=_ALL | {"IPTC"}, alpha=False, max_side=65500
    ),
    "WEBP": Format((".webp",), keeps=_ALL, gray=False, max_side=16383),
    "TIFF": Format((".tif", ".tiff"), keeps=_ALL | {"IPTC"}, depths=(8, 16, 32), lossless=True),
    "BMP": Format((".bmp", ".dib"), keeps=frozenset({"resolution"}), alpha=False, lossless=True),
    "AVIF": Format((".avif",), keeps=_ALL, max_side=65536),
}

LOSSLESS = frozenset({name for name, format in FORMATS.items() if format.lossless} | {"GIF"})

_SUFFIXES = {suffix: name for name, format in FORMATS.items() for suffix in format.suffixes}

HEAD = 64  # bytes that show the format
_BMP_HEADERS = {bytes((size, 0)) for size in (12, 40, 52, 56, 64, 108, 124)}
_AVIF_BRANDS = {b"avif", b"avis"}
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_FOREIGN = {
    b"\xff\x0a": "a JPEG XL picture",
    b"\0\0\0\x0cJXL ": "a JPEG XL picture",
    b"\0\0\0\x0cjP  ": "a JPEG 2000 picture",
    b"8BPS": "a Photoshop file",
    b"%PDF": "a PDF file",
    b"FUJIFILM": "a raw photo",
}


def suffixes() -> tuple[str, ...]:
    """The suffixes of all formats that are written, lower case with their dot."""
    return tuple(_SUFFIXES)


def format_for_suffix(suffix: str) -> str | None:
    """The format that a suffix (`.png`, `PNG`, `.JPG`) names, or None."""
    return _SUFFIXES.get("." + suffix.lower().lstrip("."))


def sniff(head: bytes) -> str | None:
    """The format that the first bytes of a file (HEAD of them) show; None if none that is read.

    GIF and HEIC are recognised, since they are read, but not among FORMATS: they are not written.
    """
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return "TIFF"
    if head[:2] == b"BM" and head[6:10] == bytes(4) and head[14:16] in _BMP_HEADERS:
        return "BMP"
    if head[4:8] == b"ftyp" and _AVIF_BRANDS & _brands(head):
        return "AVIF"
    if head[4:8] == b"ftyp" and _HEIC_BRANDS & _brands(head):
        return "HEIC"
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return "GIF"
    return None


def foreign(head: bytes) -> str | None:
    """What a file is that sniff does not know but people have, to be named in the refusal."""
    return next((kind for magic, kind in _FOREIGN.items() if head.startswith(magic)), None)


def _brands(head: bytes) -> set[bytes]:
    """The brands that an ISO media file names, the major one first."""
    end = min(int.from_bytes(head[:4], "big"), len(head))
    return {head[8:12], *(head[at : at + 4] for at in range(16, end, 4))}


def check_output(
    format: str, *, depth: int, has_alpha: bool, size: tuple[int, int], name: str = "the picture"
) -> None:
    """Raise PictureError if the format cannot hold this depth (8, 16, 32), alpha or size.

    To be asked before the first step of a restoration, with the facts of `probe`.
    """
    kind = FORMATS.get(format)
    if kind is None:
        written = ", ".join(FORMATS)
        raise PictureError(f"{name}: {format} is not written; choose one of {written}")
    if depth not in kind.depths:
        held = "float values" if depth == 32 else f"{depth} bits per value"
        roomy = "TIFF" if depth == 32 else "PNG or TIFF"
        raise PictureError(f"{name}: has {held}, which {format} cannot hold; write {roomy}")
    if has_alpha and not kind.alpha:
        raise PictureError(
            f"{name}: has transparency, which {format} cannot hold; write PNG, WebP, TIFF or AVIF"
        )
    if max(size) > kind.max_side:
        raise PictureError(
            f"{name}: {size[0]}x{size[1]} is more than {format} can hold "
            f"({kind.max_side} pixels a side); write PNG or TIFF"
        )
