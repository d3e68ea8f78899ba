"""Questions to the table of formats: by name, suffix and first bytes, and what one can hold."""

from collections.abc import Iterable

from dipcli.errors import PictureError
from dipcli.pictures.codec import Codec
from dipcli.pictures.codecs import CODECS
from dipcli.pictures.picture import Meta

HEAD = 64  # bytes that show the format
_FOREIGN = {
    b"\xff\x0a": "a JPEG XL picture",
    b"\0\0\0\x0cJXL ": "a JPEG XL picture",
    b"\0\0\0\x0cjP  ": "a JPEG 2000 picture",
    b"8BPS": "a Photoshop file",
    b"%PDF": "a PDF file",
    b"FUJIFILM": "a raw photo",
}


def written() -> dict[str, Codec]:
    """The formats that are written, by name; the others are only read."""
    return {name: codec for name, codec in CODECS.items() if codec.encode is not None}


def suffixes() -> tuple[str, ...]:
    """The suffixes of all formats that are written, lower case with their dot."""
    return tuple(suffix for codec in written().values() for suffix in codec.suffixes)


def format_for_suffix(suffix: str) -> str | None:
    """The format that a suffix (`.png`, `PNG`, `.JPG`) names, or None."""
    wanted = "." + suffix.lower().lstrip(".")
    return next((name for name, codec in written().items() if wanted in codec.suffixes), None)


def sniff(head: bytes) -> str | None:
    """The format that the first bytes of a file (HEAD of them) show; None if none that is read."""
    return next((name for name, codec in CODECS.items() if codec.matches(head)), None)


def foreign(head: bytes) -> str | None:
    """What a file is that sniff does not know but people have, to be named in the refusal."""
    return next((kind for magic, kind in _FOREIGN.items() if head.startswith(magic)), None)


def is_lossless(meta: Meta) -> bool:
    """Whether the file that this was read from holds its pixels as they were."""
    return meta.lossless or CODECS[meta.format].lossless


def one_of(names: Iterable[str], last: str = "or") -> str:
    """Names as a sentence has them: "PNG, WebP or TIFF"."""
    *before, final = names
    return f"{', '.join(before)} {last} {final}" if before else final


def roomy(depth: int = 8) -> str:
    """The formats that hold whatever a picture of this depth is, for advice."""
    codecs = written().values()
    return one_of(codec.title for codec in codecs if codec.roomy and depth in codec.depths)


def check_output(
    format: str, *, depth: int, has_alpha: bool, size: tuple[int, int], name: str = "the picture"
) -> None:
    """Raise PictureError if the format cannot hold this depth (8, 16, 32), alpha or size.

    To be asked before the first step of a restoration, with the facts of `probe`.
    """
    codec = CODECS.get(format)
    if codec is None or codec.encode is None:
        choice = ", ".join(written())
        raise PictureError(f"{name}: {format} is not written; choose one of {choice}")
    if depth not in codec.depths:
        held = "float values" if depth == 32 else f"{depth} bits per value"
        raise PictureError(f"{name}: has {held}, which {format} cannot hold; write {roomy(depth)}")
    if has_alpha and not codec.alpha:
        transparent = one_of(codec.title for codec in written().values() if codec.alpha)
        raise PictureError(
            f"{name}: has transparency, which {format} cannot hold; write {transparent}"
        )
    if max(size) > codec.max_side:
        raise PictureError(
            f"{name}: {size[0]}x{size[1]} is more than {format} can hold "
            f"({codec.max_side} pixels a side); write {roomy()}"
        )
