"""A mask painted in the browser: one picture, served to this machine alone, until it is closed."""

from dipcli.painting.server import Server
from dipcli.painting.session import Session

__all__ = ["Server", "Session"]
