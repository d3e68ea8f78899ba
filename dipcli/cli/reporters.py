"""Who tells of a run: bars or lines."""

import sys

from dipcli.cli.render import Console, Plain


def choose_reporter(console: Console, *, several: bool, verbose: bool) -> Plain:
    """Bars where somebody watches, plain lines elsewhere."""
    if console.quiet or not sys.stderr.isatty():
        return Plain(console, verbose=verbose)
    from dipcli.cli.bars import Bars

    return Bars(console, several=several, verbose=verbose)
