"""Stands between accelctl and a real registry and lets requests of one kind go wrong."""

from __future__ import annotations

import contextlib
import http.client
import io
import re
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Literal

from tests.support.http_service import serving

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Fault:
    """What happens to requests with `method` whose path has a match of `path`. Nothing set: they are only counted."""

    method: str
    path: str
    times: int = 0  # how often it happens; 0 = always
    after: int = 0  # such requests that go well before
    # Resets the connection when `at` bytes of the request's body have passed, before the answer, or when `at` bytes of
    # the answer's body have passed.
    cut: Literal["", "request", "answer", "body"] = ""
    at: int = 0
    end: bool = False  # ends the connection in order instead of resetting it
    status: int = 0  # answered instead of the registry
    retry_after: str = ""
    length: int | None = 0  # added to the answer's Content-Length; None = there is none


@dataclass(frozen=True)
class Seen:
    """A request, and whether the fault happened to it."""

    method: str
    path: str
    faulty: bool
    at: float  # time.monotonic()


@dataclass
class FaultRelay:
    """Passes requests on to the server at `upstream`; those below /token to `token_upstream`."""

    fault: Fault
    upstream: int = 0
    token_upstream: int = 0
    port: int = 0
    seen: list[Seen] = field(default_factory=list)
    _matches: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def reference(self, name: str) -> str:
        """The registry's `repo:tag` by way of the relay."""
        return f"127.0.0.1:{self.port}/{name}"

    @property
    def faulty(self) -> list[Seen]:
        """The requests that went wrong."""
        return [request for request in self.seen if request.faulty]

    @contextlib.contextmanager
    def running(self) -> Iterator[FaultRelay]:
        """Serves on a free port until the block ends."""
        state = self

        class Handler(_Handler):
            relay = state

        with serving(Handler) as self.port:
            yield self

    def take(self, method: str, path: str) -> bool:
        """Counts a request; whether the fault happens to it."""
        fault = self.fault
        with self._lock:
            matches = method == fault.method and re.search(fault.path, path) is not None
            number = self._matches - fault.after
            self._matches += matches
            faulty = matches and number >= 0 and (fault.times == 0 or number < fault.times)
            self.seen.append(Seen(method, path, faulty, time.monotonic()))
            return faulty


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    relay: FaultRelay

    def do_GET(self) -> None:
        relay = self.relay
        fault = relay.fault if relay.take(self.command, self.path) else Fault("", "")
        if fault.status:
            for _ in self._body():
                pass
            return self._refuse(fault)
        port = relay.token_upstream if self.path.startswith("/token") else relay.upstream
        upstream = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        with contextlib.closing(upstream):
            if not self._pass_request(upstream, fault) or fault.cut == "answer":
                return self._end(fault)
            self._pass_answer(upstream.getresponse(), fault)
        return None

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - http.server's names

    def _pass_request(self, upstream: http.client.HTTPConnection, fault: Fault) -> bool:
        upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            upstream.putheader(name, value)
        upstream.endheaders()
        chunked = self._is_chunked()
        left = fault.at
        for piece in self._body():
            sent = piece[:left] if fault.cut == "request" else piece
            left -= len(sent)
            upstream.send(b"%x\r\n%s\r\n" % (len(sent), sent) if chunked and sent else sent)
            if fault.cut == "request" and not left:
                break
        if fault.cut == "request":
            _reset_at_close(upstream.sock)  # the registry, too, sees a broken connection
            return False
        if chunked:
            upstream.send(b"0\r\n\r\n")
        return True

    def _pass_answer(self, answer: http.client.HTTPResponse, fault: Fault) -> None:
        body = answer.read()
        length = len(body) if self.command != "HEAD" else int(answer.getheader("Content-Length", "0"))
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        if fault.length is not None:
            self.send_header("Content-Length", str(length + fault.length))
        self.end_headers()
        self.wfile.write(body[: fault.at] if fault.cut == "body" else body)
        if fault.cut or fault.length != 0:
            self._end(fault)

    def _refuse(self, fault: Fault) -> None:
        body = b'{"errors": [{"code": "FAULT", "message": "told to fail"}]}'
        self.send_response_only(fault.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if fault.retry_after:
            self.send_header("Retry-After", fault.retry_after)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _end(self, fault: Fault) -> None:
        self.close_connection = True
        self.wfile.flush()
        if fault.cut and not fault.end:
            _reset_at_close(self.connection)
            # All three refer to the socket: only without them is it closed, and without a goodbye.
            self.rfile.close()
            self.wfile.close()
            self.connection.close()
            self.rfile = self.wfile = io.BytesIO()  # for what http.server does at the end

    def _is_chunked(self) -> bool:
        return bool(self.headers.get("Transfer-Encoding"))

    def _body(self) -> Iterator[bytes]:
        if self._is_chunked():
            while size := int(self.rfile.readline(), 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return
        left = int(self.headers.get("Content-Length", "0"))
        while left:
            piece = self.rfile.read(min(left, 1 << 16))
            if not piece:
                raise ConnectionResetError
            left -= len(piece)
            yield piece

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Says nothing: the tests look at `seen`."""


def _reset_at_close(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
