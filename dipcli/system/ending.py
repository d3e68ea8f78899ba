"""The signals that ask a program to end: Ctrl-C, SIGTERM, and SIGHUP for a lost terminal."""

import signal

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")
ENDING = tuple(getattr(signal, name) for name in _NAMES if hasattr(signal, name))  # not on Windows


def ignored(one: signal.Signals) -> bool:
    """Whether whoever started this program wants it to go on after the signal, as nohup does."""
    return signal.getsignal(one) is signal.SIG_IGN
