"""The command line: click, and what the user sees."""

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line and exit with its code; Ctrl-C while it is loaded ends it in a line."""
    try:
        from dipcli.cli.app import main as begin
    except KeyboardInterrupt:
        sys.stderr.write("dip: interrupted, nothing was written\n")
        sys.exit(130)
    begin()
