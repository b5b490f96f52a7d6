"""HTTP on one connection: uvicorn's, with bounds for clients that are slow, stalled or endless.

What comes after the head of a request is bounded in `limits.py`.
"""

from __future__ import annotations

import resource
import socket
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from acceld.limits import MAX_HEADERS
from acceld.replies import ILLEGAL_PARAMETER, Refusal

if TYPE_CHECKING:
    import asyncio

    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

HEAD_TIMEOUT = 10  # seconds for the head of a request, from its first byte or the beginning of the connection
STALL_TIMEOUT = 30  # seconds after which a client that takes no byte of a reply, or is gone without a word, is cut off
MAX_CONNECTIONS = 4096  # at a time; requests on further ones are answered with 503


_OTHER_FILES = 1024  # descriptors for the database, conversions and what else is open


def allow_connections() -> None:
    """Raises this process's limit of open files so far that MAX_CONNECTIONS fit, where the system allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


class Protocol(HttpToolsProtocol):
    """One connection. A request's head is waited for HEAD_TIMEOUT seconds and may have MAX_HEADERS bytes."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._in_head = False
        self._head_bytes = 0
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The connection is there."""
        super().connection_made(transport)
        self._await_head()
        sock = transport.get_extra_info("socket")
        if sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STALL_TIMEOUT * 1000)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, STALL_TIMEOUT)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._end_of_head()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes of the client."""
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head:
            if self._head_bytes > MAX_HEADERS:
                self._refuse(431, f"the head of the request has more than {MAX_HEADERS} bytes")
        elif self._answered() and self.timeout_keep_alive_task is None:
            self._await_head()  # empty lines, which begin no request

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        super().on_message_begin()
        if not self._in_head:
            self._await_head()

    def on_headers_complete(self) -> None:
        """The head is read."""
        self._end_of_head()
        super().on_headers_complete()

    def _answered(self) -> bool:
        cycle = cast("RequestResponseCycle | None", self.cycle)
        return cycle is None or cycle.response_complete

    def _await_head(self) -> None:
        self._in_head, self._head_bytes = True, 0
        text = f"the head of the request took more than {HEAD_TIMEOUT} s"
        self._head_timer = self.loop.call_later(HEAD_TIMEOUT, self._refuse, 408, text)

    def _end_of_head(self) -> None:
        self._in_head = False
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _refuse(self, status: int, why: str) -> None:
        self._end_of_head()
        if not self._answered():
            self.transport.abort()  # another reply is under way
            return
        reply = Refusal(status, ILLEGAL_PARAMETER, why, {"Connection": "close"}).reply()
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}".encode()]
        lines += [name + b": " + value for name, value in reply.raw_headers]
        self.transport.write(b"\r\n".join([*lines, b"", bytes(reply.body)]))
        self.transport.close()
