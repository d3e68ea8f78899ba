"""Names of files as a message shows them, whatever bytes they have."""

import os
import unicodedata

_MOST = 255  # bytes of a name, on nearly every file system
_JOINERS = "\u200c\u200d"  # within letters of some scripts, and within emoji


def printable(text: str) -> str:
    r"""The text in one line: what a terminal cannot show, or would obey, as an escape.

    A line break becomes `\n`, a byte that is no UTF-8 (which Python holds as a lone surrogate, PEP
    383) becomes `\xff`. A file is found by its name as it is, which `--json` gives, not by this.
    """
    return text if text.isprintable() else "".join(map(_shown, text))


def _shown(character: str) -> str:
    if character.isprintable() or character in _JOINERS:
        return character
    if unicodedata.category(character) == "Zs":  # spaces of other widths
        return character
    number = ord(character)
    if 0xDC80 <= number <= 0xDCFF:
        return f"\\x{number - 0xDC00:02x}"
    return character.encode("unicode_escape").decode()


def composed(name: str) -> str:
    """A name in the form in which equal letters are equal: macOS keeps accents apart, others not.

    What is no text stays as it is.
    """
    return unicodedata.normalize("NFC", name)


def fitting(name: str, *more: str) -> str:
    """The name if it has room for `more` around it in a file system, else a short one instead.

    Different names stay different, and the same name has the same short one everywhere.
    """
    raw = os.fsencode(name)
    if len(raw) + sum(len(one.encode()) for one in more) <= _MOST:
        return name
    import hashlib  # which takes long to load, for the start of every command

    return hashlib.sha256(raw).hexdigest()[:32]
