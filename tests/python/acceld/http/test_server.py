"""Behind a real server: TLS, a unix socket, slow clients, many requests."""

from __future__ import annotations

import concurrent.futures
import http.client
import json
import ssl
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.python.acceld.http.conftest import Make, send_slowly, serving
from tests.support.registry import Certificate

if TYPE_CHECKING:
    from pathlib import Path

URL = "/api/v1/conversions"
REQUESTS = 1000
THREADS = 16


def test_tls(make: Make, tmp_path: Path) -> None:
    made = Certificate.make(tmp_path)
    with serving(make().app, ssl_certfile=str(made.certificate), ssl_keyfile=str(made.key)) as port:
        context = ssl.create_default_context(cafile=str(made.certificate))
        assert httpx.get(f"https://localhost:{port}/api/v1/health", verify=context).text == "Ok"


def test_unix_socket(make: Make, tmp_path: Path) -> None:
    path = str(tmp_path / "d.sock")
    with serving(make().app, uds=path), httpx.Client(transport=httpx.HTTPTransport(uds=path)) as client:
        assert client.get("http://d/api/v1/health").text == "Ok"


def test_a_body_that_does_not_come_is_not_waited_for(make: Make) -> None:
    parts = make(server={"body_timeout": "0.3s"})
    with serving(parts.app) as port:
        answer = send_slowly(port, f"POST {URL} HTTP/1.1\r\nHost: d\r\nContent-Length: 9\r\n\r\n{{".encode(), 10)
    assert answer.startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("line", [b"\x00\xff\r\n\r\n", b"GET nothing\r\n\r\n"])
def test_what_is_no_http_is_400(make: Make, line: bytes) -> None:
    with serving(make().app) as port:
        assert send_slowly(port, line, 10).startswith(b"HTTP/1.1 400 ")


def test_many_webhooks_are_all_kept(make: Make) -> None:
    parts = make()
    with serving(parts.app) as port:

        def send(first: int) -> list[float]:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            times = []
            for number in range(first, REQUESTS, THREADS):
                resource = {"resource_url": f"h.io/a:{number}"}
                body = json.dumps({"type": "PUSH_ARTIFACT", "event_data": {"resources": [resource]}})
                start = time.monotonic()
                connection.request("POST", URL, body)
                reply = connection.getresponse()
                assert (reply.status, reply.read()) == (200, b'"Ok"')
                times.append(time.monotonic() - start)
            connection.close()
            return times

        start = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
            times = sorted(one for many in pool.map(send, range(THREADS)) for one in many)
        elapsed = time.monotonic() - start
    print(f"{REQUESTS / elapsed:.0f} requests a second, p99 {times[int(REQUESTS * 0.99)] * 1000:.0f} ms")
    assert parts.history.count() == REQUESTS
