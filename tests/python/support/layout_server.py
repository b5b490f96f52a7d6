"""A registry that lives in the test's process: serves a layout and misbehaves on request.

What a real registry does is tested against a real one; this is for what it will not do when asked.
"""

from __future__ import annotations

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING

from tests.python.support.layout import Layout, read_index
from tests.support.http_service import serving

if TYPE_CHECKING:
    from collections.abc import Iterator


class LayoutServer:
    """Serves `/v2/<any>/manifests|blobs/…` from a layout."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.port = 0
        self.stalled: set[str] = set()  # digests whose content never comes
        self.statuses: dict[str, int] = {}  # last part of a path → status answered instead
        self.stalling = threading.Event()  # set while a client waits for a stalled blob
        self.release = threading.Event()  # lets stalled answers end

    def reference(self, tag: str) -> str:
        return f"127.0.0.1:{self.port}/served:{tag}"

    @contextlib.contextmanager
    def running(self) -> Iterator[LayoutServer]:
        """Serves on a free port until the block ends."""
        state = self

        class Handler(_Handler):
            server_state = state

        with serving(Handler, before_end=self.release.set) as self.port:
            yield self


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_state: LayoutServer

    def do_GET(self) -> None:
        state = self.server_state
        name = self.path.rpartition("/")[2]
        if name in state.statuses:
            self.send_response(state.statuses[name])
            self.send_header("Retry-After", "7")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if not name:
            self._send(b"{}", "application/json", "")
        elif "/manifests/" in self.path:
            tags = read_index(state.layout.path)
            digest = tags[name]["digest"] if name in tags else name
            document = state.layout.blob_path(digest).read_bytes()
            self._send(document, json.loads(document)["mediaType"], digest)
        else:
            self._send(state.layout.blob_path(name).read_bytes(), "application/octet-stream", name)

    do_HEAD = do_GET  # noqa: N815 - http.server's name

    def _send(self, body: bytes, media_type: str, digest: str) -> None:
        state = self.server_state
        self.send_response(200)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        if digest:
            self.send_header("Docker-Content-Digest", digest)
        self.end_headers()
        if self.command == "HEAD":
            return
        if digest in state.stalled:
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            state.stalling.set()
            state.release.wait(60)
            return
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Says nothing."""
