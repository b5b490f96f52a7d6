"""An HTTP server in the test's process, on a free loopback port, for as long as a `with` block lasts."""

from __future__ import annotations

import contextlib
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away in the middle are what such tests are about; anything else is shown."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextlib.contextmanager
def serving(
    handler: type[BaseHTTPRequestHandler],
    before_end: Callable[[], None] = lambda: None,
    address: tuple[str, int] = ("127.0.0.1", 0),
) -> Iterator[int]:
    """Answers requests with `handler` and gives the port. `before_end` lets answers go that still wait."""
    with _Server(address, handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            before_end()
            server.shutdown()
            thread.join()
