"""Clients that are slow, stalled or endless before their request is read, against a real server."""

from __future__ import annotations

import contextlib
import http.client
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from acceld import protocol
from acceld.limits import MAX_HEADERS
from acceld.protocol import Protocol
from acceld.tasks.model import NewTask
from tests.python.acceld.http.conftest import Make, send_slowly, serving

BEGUN = b"GET /api/v1/health HTTP/1.1\r\nHost: d\r\n"
ASKED = BEGUN + b"\r\n"


@pytest.fixture
def port(make: Make, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(protocol, "HEAD_TIMEOUT", 0.5)
    with serving(make().app, http=Protocol) as running:
        yield running


def until_closed(connection: socket.socket) -> bytes:
    """What comes until the server closes; the connection's timeout is the limit."""
    answer = b""
    with contextlib.suppress(ConnectionResetError):
        while data := connection.recv(65536):
            answer += data
    return answer


@pytest.mark.parametrize("first", [b"", b"G", BEGUN, b"\r\n"])
def test_a_head_that_does_not_come_is_not_waited_for(port: int, first: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(first)
        assert until_closed(connection).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("second", [b"G", BEGUN, b"\r\n"])
def test_nor_is_that_of_a_second_request(port: int, second: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(ASKED)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        connection.sendall(second)
        assert until_closed(connection).endswith(b'took more than 0.5 s"}')


def test_a_drip_of_headers_does_not_count_as_progress(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        deadline = time.monotonic() + 20
        connection.sendall(BEGUN)
        with contextlib.suppress(ConnectionError):
            while time.monotonic() < deadline:
                connection.sendall(b"X: y\r\n")
                time.sleep(0.02)
        assert time.monotonic() < deadline


def test_a_head_without_end_is_refused_before_it_is_kept(port: int) -> None:
    answer = send_slowly(port, BEGUN + b"X: " + b"y" * 2 * MAX_HEADERS, 20)
    assert answer.startswith(b"HTTP/1.1 431 ")


def test_patient_clients_keep_their_connection(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.connect()
    first = connection.sock
    for _ in range(3):
        connection.request("GET", "/api/v1/health")
        assert connection.getresponse().read() == b"Ok"
        time.sleep(0.7)  # more than a head may take, less than uvicorn keeps idle connections
    assert connection.sock is first
    connection.close()


def test_others_are_answered_meanwhile(port: int) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(300):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20))
            connection.sendall(BEGUN)
        assert httpx.get(f"http://127.0.0.1:{port}/api/v1/health", timeout=20).text == "Ok"


def test_a_reply_nobody_takes_ends_with_its_connection(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "STALL_TIMEOUT", 1)
    parts = make()
    parts.queue.put([NewTask("convert", str(number), "h.io", source="h.io/" + "a" * 400) for number in range(1000)])
    with serving(parts.app, http=Protocol) as port, socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", port))
        connection.sendall(b"GET /api/v1/conversions?limit=1000 HTTP/1.1\r\nHost: d\r\n\r\n")
        peers = f":{port:04X} 0100007F:{connection.getsockname()[1]:04X} "
        seen = False
        deadline = time.monotonic() + 60
        while not seen or peers in Path("/proc/net/tcp").read_text(encoding="ascii"):
            seen = seen or peers in Path("/proc/net/tcp").read_text(encoding="ascii")
            assert time.monotonic() < deadline
            time.sleep(0.05)
