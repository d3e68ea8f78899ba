"""The formats by name, suffix and magic bytes, and what each of them can hold."""

from dataclasses import dataclass

from dipcli.errors import PictureError


@dataclass(frozen=True)
class Format:
    """What a format can hold as `encode` writes it; its first suffix is the usual one."""

    suffixes: tuple[str, ...]
    depths: tuple[int, ...] = (8,)
    alpha: bool = True
    gray: bool = True
    lossless: bool = False
    max_side: int = 2**31 - 1


FORMATS = {
    "PNG": Format((".png",), depths=(8, 16), lossless=True),
    "JPEG": Format((".jpg", ".jpeg", ".jpe", ".jfif"), alpha=False, max_side=65500),
    "WEBP": Format((".webp",), gray=False, max_side=16383),
    "TIFF": Format((".tif", ".tiff"), depths=(8, 16, 32), lossless=True),
    "BMP": Format((".bmp", ".dib"), alpha=False, lossless=True),
    "AVIF": Format((".avif",), max_side=65536),
}

_SUFFIXES = {suffix: name for name, format in FORMATS.items() for suffix in format.suffixes}


def suffixes() -> tuple[str, ...]:
    """The suffixes of all formats that are written, lower case with their dot."""
    return tuple(_SUFFIXES)


def format_for_suffix(suffix: str) -> str | None:
    """The format that a suffix (`.png`, `PNG`, `.JPG`) names, or None."""
    return _SUFFIXES.get("." + suffix.lower().lstrip("."))


def sniff(head: bytes) -> str | None:
    """The format that the first 16 bytes of a file show, or None if it is none that is read.

    GIF is recognised, since a still one can be read, but not among FORMATS: it is not written.
    """
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return "TIFF"
    if head[:2] == b"BM" and len(head) >= 16:
        return "BMP"
    if head[4:8] == b"ftyp" and head[8:12] in (b"avif", b"avis", b"mif1", b"msf1"):
        return "AVIF"
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return "GIF"
    return None


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
        held = {16: "16 bits per value", 32: "float values"}[depth]
        roomy = "TIFF" if depth == 32 else "PNG or TIFF"
        raise PictureError(f"{name}: has {held}, which {format} cannot hold; write {roomy}")
    if has_alpha and not kind.alpha:
        raise PictureError(
            f"{name}: has transparency, which {format} cannot hold; write PNG, WebP or TIFF"
        )
    if max(size) > kind.max_side:
        raise PictureError(
            f"{name}: {size[0]}x{size[1]} is more than {format} can hold "
            f"({kind.max_side} pixels a side); write PNG or TIFF"
        )
