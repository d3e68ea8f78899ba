"""The command line: click, and what the user sees."""

from dipcli.cli.app import main

__all__ = ["main"]
