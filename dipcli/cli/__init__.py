"""The command line: click, and what the user sees."""

import os

__all__ = ["main"]


def main() -> None:
    """Run the command line and exit with its code; Ctrl-C while it is loaded ends it in a line."""
    try:
        import signal  # here, as it may load others: every moment before the handler counts

        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not ignored, as by "&"
            signal.signal(signal.SIGINT, _stopped)
    except KeyboardInterrupt:
        _stopped(2, None)
    from dipcli.cli.app import main as begin

    begin()


def _stopped(signum: int, frame: object) -> None:
    """End at once; an exception would become another one, or a traceback, in what is loaded."""
    try:
        os.write(2, b"dip: interrupted, nothing was written\n")
    finally:
        os._exit(128 + signum)
