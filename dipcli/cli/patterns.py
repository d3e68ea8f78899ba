"""Patterns such as *.jpg: shells expand them, but for those of Windows."""

import glob
import os
from collections.abc import Sequence
from pathlib import Path


def expanded(args: Sequence[str], system: str = os.name) -> list[str]:
    """The words of a command line, with the files that a pattern stands for in its place.

    As other shells do it: sorted, and a pattern that fits nothing stays. A word that names a file
    as it is, and an option, are no patterns. system: as `os.name` has it; all but "nt" are left.
    """
    if system != "nt":
        return list(args)
    found: list[str] = []
    for word in args:
        pattern = not word.startswith("-") and glob.has_magic(word) and not Path(word).exists()
        fits = sorted(glob.glob(word)) if pattern else []  # noqa: PTH207 - it may be absolute
        found += fits or [word]
    return found
