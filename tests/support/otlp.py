"""A collector of OpenTelemetry traces: takes OTLP over HTTP with protobuf and keeps the spans."""

from __future__ import annotations

import contextlib
import gzip
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from tests.support.http_service import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True)
class Span:
    """One span as it arrived. Ids in hex; times in nanoseconds since 1970."""

    name: str
    trace: str
    id: str
    parent: str
    begun: int
    ended: int
    failed: bool
    attributes: dict[str, str]
    service: str


class Collector:
    """What arrived until now."""

    def __init__(self) -> None:
        self._spans: list[Span] = []
        self._changed = threading.Condition()
        self.url = ""

    def take(self, body: bytes) -> None:
        """One request."""
        request = ExportTraceServiceRequest.FromString(body)
        with self._changed:
            for resource in request.resource_spans:
                about = {item.key: item.value.string_value for item in resource.resource.attributes}
                for scope in resource.scope_spans:
                    self._spans += [
                        Span(
                            span.name,
                            span.trace_id.hex(),
                            span.span_id.hex(),
                            span.parent_span_id.hex(),
                            span.start_time_unix_nano,
                            span.end_time_unix_nano,
                            span.status.code == span.status.STATUS_CODE_ERROR,
                            {
                                item.key: item.value.string_value or str(item.value.int_value)
                                for item in span.attributes
                            },
                            about.get("service.name", ""),
                        )
                        for span in scope.spans
                    ]
            self._changed.notify_all()

    def wait_for(self, condition: Callable[[list[Span]], bool], timeout: float = 120) -> list[Span]:
        """The spans, as soon as `condition` holds for them."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while not condition(self._spans):
                left = deadline - time.monotonic()
                assert left > 0, f"these spans only: {self._spans}"
                self._changed.wait(left)
            return list(self._spans)


@contextlib.contextmanager
def collecting() -> Iterator[Collector]:
    """A collector on a loopback port; `url` is what OTEL_EXPORTER_OTLP_ENDPOINT names."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path != "/v1/traces" or self.headers["Content-Type"] != "application/x-protobuf":
                self.send_error(404)
                return
            collector.take(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
            reply = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, *_: object) -> None:
            pass

    with serving(Handler) as port:
        collector.url = f"http://127.0.0.1:{port}"
        yield collector
