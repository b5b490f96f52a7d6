"""A registry that fails as it is told to. What a real one does is tested against a real one."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING

from tests.python.support.layout import Layout, read_index
from tests.support.http_service import serving

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class FaultyRegistry:
    """Serves a layout for reading; one kind of request, `manifests` or `blobs`, goes wrong."""

    layout: Layout
    where: str
    status: int = 200
    sent: float = 1.0  # this part of the body, then the connection is closed
    announced: int = 0  # added to the length in the header
    ranges: bool = False  # whether an interrupted download can go on
    port: int = 0
    requests: list[str] = field(default_factory=list)

    def reference(self, tag: str) -> str:
        return f"127.0.0.1:{self.port}/faulty:{tag}"

    @contextlib.contextmanager
    def running(self) -> Iterator[FaultyRegistry]:
        """Serves on a free port until the block ends."""
        state = self

        class Handler(_Handler):
            registry = state

        with serving(Handler) as self.port:
            yield self


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    registry: FaultyRegistry

    def do_GET(self) -> None:
        registry = self.registry
        registry.requests.append(self.path)
        faulty = f"/{registry.where}/" in self.path
        name = self.path.rpartition("/")[2]
        if not name:
            self._send(200, b"{}", "application/json")
        elif faulty and registry.status != 200:
            body = json.dumps({"errors": [{"code": "FAULT", "message": "told to fail"}]}).encode()
            self._send(registry.status, body, "application/json")
        else:
            tags = read_index(registry.layout.path)
            body = registry.layout.blob_path(tags[name]["digest"] if name in tags else name).read_bytes()
            manifest = "/manifests/" in self.path
            self._send(200, body, json.loads(body)["mediaType"] if manifest else "application/octet-stream", faulty)

    do_HEAD = do_GET  # noqa: N815 - http.server's name

    def _send(self, status: int, body: bytes, media_type: str, faulty: bool = False) -> None:
        first, end = 0, len(body)
        if faulty and self.registry.ranges and (wanted := self.headers.get("Range")):
            low, _, high = wanted.removeprefix("bytes=").partition("-")
            first, end, status = int(low), int(high) + 1 if high else end, 206
        rest = body[first:end]
        self.send_response(status)
        if status == 206:
            self.send_header("Content-Range", f"bytes {first}-{end - 1}/{len(body)}")
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(rest) + (self.registry.announced if faulty else 0)))
        if status >= 400:
            self.send_header("Retry-After", "0")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(rest[: int(len(body) * self.registry.sent)] if faulty else rest)
            self.close_connection = faulty

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Says nothing."""
