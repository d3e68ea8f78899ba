"""What tests of files share."""

import os
import stat
from pathlib import Path

import pytest


@pytest.fixture
def null(tmp_path: Path) -> Path:
    """A null device of our own: a test that fails must not take that of the machine."""
    path = tmp_path / "null"
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, Path(os.devnull).stat().st_rdev)
    except (OSError, AttributeError):
        pytest.skip("no permission to make a device")
    return path
