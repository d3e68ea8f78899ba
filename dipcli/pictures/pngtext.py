"""The text chunks of a PNG: plain, packed, and in UTF-8."""

import zlib
from collections.abc import Mapping

from dipcli.pictures.bounds import Budget
from dipcli.pictures.ifd import Buffer

RECORD = "dip"  # the key under which a result says how it was made
XMP = "XML:com.adobe.xmp"
TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_EXIF = ("Raw profile type exif", "Raw profile type APP1")


def read_texts(found: Mapping[bytes, list[Buffer]], budget: Budget) -> tuple[dict[str, str], bool]:
    """All text by key (repeated keys in lines), and whether some of it could not be read."""
    texts: dict[str, list[str]] = {}
    broken = False
    for name in TEXTS:
        for body in found.get(name, []):
            try:
                text = read_text(name, body, budget)
            except (ValueError, zlib.error):
                broken = True
                continue
            if text is not None:
                texts.setdefault(text[0], []).append(text[1])
    return {key: "\n".join(texts[key]) for key in texts}, broken


def read_text(name: bytes, body: Buffer, budget: Budget) -> tuple[str, str] | None:
    """Key and value of a text chunk, None if it does not fit; raises ValueError or zlib.error."""
    if not budget.spend(len(body)):
        return None
    key, _, rest = bytes(body).partition(b"\0")
    if not key:
        raise ValueError("text without a key")
    packed, encoding = name == b"zTXt", "latin-1"
    if packed:
        rest = rest[1:]
    elif name == b"iTXt":
        packed, encoding, rest = rest[:1] == b"\1", "utf-8", rest[2:]
        _, _, rest = rest.partition(b"\0")  # the language
        _, _, rest = rest.partition(b"\0")  # the key in that language
    value = budget.inflated(rest) if packed else rest
    return None if value is None else (key.decode("latin-1"), value.decode(encoding))


def take_exif(text: dict[str, str]) -> bytes | None:
    """EXIF as ImageMagick wrote it before there was a chunk for it; taken out of the texts."""
    for key in _EXIF:
        lines = text.get(key, "").split(maxsplit=2)
        if len(lines) < 3:
            continue
        try:
            block = bytes.fromhex(lines[2])
        except ValueError:
            continue
        if block.startswith(b"Exif\0\0"):
            del text[key]
            return block
    return None


def chunk_of(key: str, value: str) -> tuple[bytes, bytes]:
    """Text as tEXt if Latin-1 can say it, else, and always for XMP, as iTXt: name and body."""
    name = key.encode("latin-1", "replace")[:79]
    try:
        body = value.encode("latin-1")
    except UnicodeEncodeError:
        body = b""
    if b"\0" not in body and (body or not value) and key != XMP:
        return b"tEXt", name + b"\0" + body
    return b"iTXt", name + b"\0\0\0\0\0" + value.encode()
