"""Where a finished file goes that cannot be written in its place, as on a full disk."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from dipcli.errors import WriteError
from dipcli.system.placing import publish_new, told

_LASTING = Path("/var/tmp")  # of POSIX, on a disk; the usual folder is often held in memory


class Refuge:
    """New folders among the system's temporary ones, which nobody else can read or write.

    They are made when the first file needs them. One is enough unless its disk is full, too.
    """

    def __init__(self) -> None:
        """Nothing is in it."""
        self._folders: dict[Path, Path] = {}  # temporary folder -> ours in it

    @property
    def used(self) -> bool:
        """Whether it holds something."""
        return bool(self._folders)

    def take(self, path: Path, data: bytes, times: tuple[int, int] | None = None) -> Path:
        """Write `data` under the last name of `path`; returns where. WriteError if nowhere."""
        reason = WriteError("there is no temporary folder; set TMPDIR to one")
        for around in _temporary():
            try:
                folder = self._folders.get(around) or Path(tempfile.mkdtemp("", "dip-", around))
            except OSError as error:
                reason = told(around, error)
                continue
            try:
                place = publish_new(folder / path.name, data, times)
            except WriteError as error:
                reason = error
                if around not in self._folders:
                    with contextlib.suppress(OSError):
                        folder.rmdir()
                continue
            self._folders[around] = folder
            return place.path
        raise reason


def _temporary() -> Iterator[Path]:
    """The folders for what is not to be kept for ever, each once."""
    usual = None
    with contextlib.suppress(OSError):  # it writes to find one out, and may find none
        usual = Path(tempfile.gettempdir())
        yield usual
    if os.name == "posix" and usual != _LASTING:
        yield _LASTING
