"""How a result was made, kept in its own metadata."""

from pathlib import Path


def read_provenance(path: Path) -> str | None:
    """The JSON string that `encode` put into a file, None where absent or unreadable."""
    return None
