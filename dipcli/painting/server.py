"""The page of one session over HTTP: for this machine, this page and this token alone."""

from __future__ import annotations

import hmac
import json
import queue
import secrets
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Any, Self

from dipcli.painting.session import Session
from dipcli.report.layers import Layer
from dipcli.report.page import as_data, assembled, asset

HOST = "127.0.0.1"
LARGEST = 64 * 2**20  # bytes of a mask that is sent
SILENCE = 3600.0  # seconds in which nobody touches the page, after which it ends
TOUCHED = "touched"  # what the page adds to its question where somebody did
GONE = 5.0  # seconds after the page was closed; a page that is only loaded anew is back before
_LOOK = 0.1  # seconds between looks for a signal
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self' data: blob:; connect-src 'self';"
    " style-src 'unsafe-inline'; script-src 'unsafe-inline'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Server:
    """Serves a session on a free port of 127.0.0.1. Runs are made in the thread of `serve`."""

    def __init__(self, session: Session, silence: float = SILENCE) -> None:
        """silence: seconds without a touch of the page after which it ends."""
        self.session = session
        self.token = secrets.token_urlsafe(24)
        self.masks: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self.heard = time.monotonic()
        self.left: float | None = None  # when the page said that it is closed
        self._silence = silence
        self._http = ThreadingHTTPServer((HOST, 0), _handler_of(self))
        self._http.daemon_threads = True
        self.port: int = self._http.server_address[1]

    @property
    def address(self) -> str:
        """What to open."""
        return f"http://{HOST}:{self.port}/{self.token}/"

    def __enter__(self) -> Self:
        """Answer from now on."""
        Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": _LOOK}, daemon=True
        ).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Answer no more."""
        self._http.shutdown()
        self._http.server_close()

    def serve(self, ended: Callable[[], bool]) -> None:
        """Make what the page asks for, until it is closed, silent for long, or `ended()`."""
        while not ended() and not self._over():
            try:
                mask = self.masks.get(timeout=_LOOK)
            except queue.Empty:
                continue
            self.session.fill(mask)
            self.heard = time.monotonic()  # a long run is no silence

    def _over(self) -> bool:
        now = time.monotonic()
        closed = self.left is not None and now - self.left > GONE
        return closed or now - self.heard > self._silence

    def page(self) -> bytes:
        """The page to paint on."""
        width, height = self.session.canvas
        facts = {"name": self.session.name, "verb": self.session.verb, "size": [width, height]}
        parts = {"DATA": as_data(facts), "SCRIPT": asset("paint.js", "dipcli.painting")}
        parts["PAINTSTYLE"] = asset("paint.css", "dipcli.painting")
        return assembled(asset("paint.html", "dipcli.painting"), parts)


def _handler_of(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(_Handler):
        served = server

    return Handler


class _Handler(BaseHTTPRequestHandler):
    """Answers one request, if it comes from the page itself."""

    served: Server
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "dip", ""
    timeout = 30

    def do_GET(self) -> None:
        """The page, its pictures, and how far it is."""
        name = self._name()
        session = self.served.session
        layers = {_file(one): one for one in session.files}
        if name is None:
            self._refuse(HTTPStatus.FORBIDDEN)
        elif name == "":
            self._answer(self.served.page(), "text/html; charset=utf-8")
        elif name == "state":
            self._tell()
        elif name in layers:
            self._answer(layers[name].data, f"image/{layers[name].suffix[1:]}")
        else:
            self._refuse(HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        """A mask to fill; stop, save, and the end."""
        name = self._name()
        if name is None or self.headers.get("Origin") not in self._origins():
            self._refuse(HTTPStatus.FORBIDDEN)
            return
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > LARGEST:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return
        body = self.rfile.read(int(length))
        if name == "fill" and self.served.session.state.busy:
            self._refuse(HTTPStatus.CONFLICT)
        elif name in ("fill", "stop", "save", "bye"):
            self._do(name, body)
            self._tell()
        else:
            self._refuse(HTTPStatus.NOT_FOUND)

    def _do(self, name: str, body: bytes) -> None:
        session = self.served.session
        if name == "fill":
            session.begin()
            self.served.masks.put(body)
        elif name == "stop":
            session.stop()
        elif name == "save":
            session.save()
        else:
            self.served.left = time.monotonic()

    def _origins(self) -> list[str]:
        return [f"http://{host}" for host in self._hosts()]

    def _hosts(self) -> list[str]:
        return [f"{host}:{self.served.port}" for host in (HOST, "localhost")]

    def _name(self) -> str | None:
        """What is asked for behind the token; None for a request that is not the page's own."""
        path, _, more = self.path.partition("?")
        _, token, *rest = path.split("/")
        known = hmac.compare_digest(token.encode(), self.served.token.encode())
        origin = self.headers.get("Origin")
        own = origin is None or origin in self._origins()
        if not (known and own and len(rest) == 1 and self.headers.get("Host") in self._hosts()):
            return None
        if self.command == "POST" or rest[0] != "state" or more == TOUCHED:
            self.served.heard = time.monotonic()  # a page that asks how far it is may be forgotten
        if rest[0] != "bye":
            self.served.left = None
        return rest[0]

    def _tell(self) -> None:
        """How far it is, and the pictures that there are."""
        session = self.served.session
        layers = [{"name": o.name, "label": o.label, "src": _file(o)} for o in session.layers]
        hint = session.suggestion
        facts = {**session.told(), "layers": layers, "suggestion": _file(hint) if hint else ""}
        self._answer(json.dumps(facts).encode(), "application/json")

    def _answer(self, data: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self.send_response(status)
        for name, value in {**_HEADERS, "Content-Type": kind}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _refuse(self, status: HTTPStatus) -> None:
        self.close_connection = True
        self._answer(f"{status.phrase}\n".encode(), "text/plain", status)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is written of it: the terminal is the user's."""


def _file(one: Layer) -> str:
    return f"{one.name}{one.suffix}"
