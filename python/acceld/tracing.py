"""OpenTelemetry traces over OTLP/HTTP: from the request over the queue to each attempt, its phases and its layers.

Switched on by OpenTelemetry's own variables (OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT; the
others of the SDK hold too). Otherwise nothing of the SDK is imported. Only the daemon makes spans: the child of a task
starts by spawn, has no exporter, and says which steps it took.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import accel

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from acceld.tasks.model import Task

_LOGGER = logging.getLogger("acceld")

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
CARRIER = ("traceparent", "tracestate")
"""W3C trace context: headers of a request, and keys of a task's arguments, so that a trace outlives the queue."""

MAX_CARRIED = 512  # characters of a value of CARRIER
MAX_STEPS = 2000  # of one task; what a child sends stays small

FLUSH_PATIENCE = 3.0  # seconds that the daemon's end waits for a collector that does not answer


class Step(NamedTuple):
    """One layer in one phase (`pull`, `convert`, `push`); times in nanoseconds since 1970."""

    kind: str
    digest: str
    image: str
    begun: int
    ended: int
    done_bytes: int


class Steps:
    """What a child notes of its progress, from any thread; at most MAX_STEPS."""

    def __init__(self) -> None:
        self._steps: dict[tuple[str, str, str], Step] = {}

    def note(self, event: accel.ProgressEvent) -> None:
        """Takes one event."""
        key = (event.kind, event.id, event.image)
        known = self._steps.get(key)
        if event.kind != "image" and (known or len(self._steps) < MAX_STEPS):
            now = time.time_ns()
            self._steps[key] = Step(*key, known.begun if known else now, now, event.done)

    def as_list(self) -> list[Step]:
        """The steps in the order in which they began."""
        return sorted(self._steps.values(), key=lambda step: step.begun)


class Tracing:
    """Makes spans, or nothing when there is no provider. Thread-safe."""

    def __init__(self, provider: Any = None, exporter: Any = None) -> None:
        """`provider`, `exporter`: a TracerProvider of the SDK and what it sends with; None for no traces."""
        self._provider, self._exporter = provider, exporter
        self._tracer: Any = provider.get_tracer("acceld", accel.__version__) if provider else None

    @property
    def enabled(self) -> bool:
        """Whether spans are made."""
        return self._tracer is not None

    @contextlib.contextmanager
    def request(self, name: str, headers: Mapping[str, str]) -> Iterator[dict[str, str]]:
        """A span of a request, as part of the sender's trace if it has one.

        Yields:
            What goes into the arguments of the tasks it makes; empty without traces.
        """
        if self._tracer is None:
            yield {}
            return
        from opentelemetry import propagate, trace  # noqa: PLC0415 - only where it is switched on

        context = propagate.extract({key: headers[key] for key in CARRIER if key in headers})
        with self._tracer.start_as_current_span(name, context, kind=trace.SpanKind.SERVER):
            carrier: dict[str, str] = {}
            propagate.inject(carrier)
            # Each task keeps it: of a sender's tracestate no more than the standard asks for.
            yield {key: carrier[key] for key in CARRIER if len(carrier.get(key, "")) in range(1, MAX_CARRIED + 1)}

    def attempt(self, task: Task, begun: int, steps: Sequence[Step], ending: str) -> None:
        """The spans of an attempt that has ended now: its wait, itself, phases, and in them layers.

        Args:
            task: The task, as it was taken.
            begun: When the attempt began, in nanoseconds since 1970.
            steps: The child's steps.
            ending: What became of it: a word, perhaps `: ` and a reason.
        """
        if self._tracer is None:
            return
        from opentelemetry import propagate, trace  # noqa: PLC0415 - as above

        arguments = {key: str(task.arguments[key]) for key in CARRIER if key in task.arguments}
        parent = propagate.extract(arguments)
        waited_from = int(max(task.created, task.due if task.attempt > 1 else 0.0) * 1e9)
        self._span("wait", parent, min(waited_from, begun), begun, {"acceld.task": task.id})
        word, _, reason = ending.partition(": ")
        attributes = {
            "acceld.task": task.id,
            "acceld.source": task.source,
            "acceld.digest": task.digest,
            "acceld.profile": task.profile,
            "acceld.registry": task.lane,
            "acceld.attempt": task.attempt,
            "acceld.worker": task.worker,
            "acceld.ending": word,
        }
        ended = time.time_ns()
        span = self._tracer.start_span(
            task.kind, parent, kind=trace.SpanKind.CONSUMER, attributes=attributes, start_time=begun
        )
        if word not in {"done", "skipped", "cancelled"} and not word.startswith("handed back"):
            span.set_status(trace.Status(trace.StatusCode.ERROR, reason or word))
        within = trace.set_span_in_context(span)
        for kind in dict.fromkeys(step.kind for step in steps):
            self._phase(kind, within, [step for step in steps if step.kind == kind])
        span.end(max(begun, ended))

    def close(self) -> None:
        """Sends what is left; a collector that does not answer is not waited for long."""
        if self._provider is not None:
            # Its own time-outs add up to half a minute; an exporter that is shut down gives up at once.
            patience = threading.Timer(FLUSH_PATIENCE, self._exporter.shutdown)
            patience.start()
            self._provider.shutdown()
            patience.cancel()

    def _phase(self, kind: str, context: Any, steps: Sequence[Step]) -> None:
        from opentelemetry import trace  # noqa: PLC0415 - as above

        attributes = {"acceld.bytes": sum(step.done_bytes for step in steps), "acceld.steps": len(steps)}
        begun, ended = min(step.begun for step in steps), max(step.ended for step in steps)
        within = trace.set_span_in_context(self._span(kind, context, begun, ended, attributes))
        for step in steps:
            about = {"acceld.digest": step.digest, "acceld.image": step.image, "acceld.bytes": step.done_bytes}
            self._span(f"{kind} {step.digest.partition(':')[2][:12]}", within, step.begun, step.ended, about)

    def _span(self, name: str, context: Any, begun: int, ended: int, attributes: Mapping[str, Any]) -> Any:
        span = self._tracer.start_span(name, context, attributes=attributes, start_time=begun)
        span.end(max(begun, ended))
        return span


def open_tracing(environment: Mapping[str, str] = os.environ) -> Tracing:
    """Traces as the environment wants them. Missing packages are a warning: conversions are worth more than traces."""
    off = (
        environment.get("OTEL_SDK_DISABLED", "").lower() == "true" or environment.get("OTEL_TRACES_EXPORTER") == "none"
    )
    if off or not any(environment.get(name) for name in ENDPOINTS):
        return Tracing()
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - as above
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - as above
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - as above
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - as above
    except ModuleNotFoundError as error:
        _LOGGER.warning(
            "no traces: an OTLP endpoint is set, but there is no module %s; pip install 'acceleration-service[otel]'",
            error.name,
        )
        return Tracing()
    about = {"service.version": accel.__version__, "service.instance.id": f"{socket.gethostname()}:{os.getpid()}"}
    if not environment.get("OTEL_SERVICE_NAME"):
        about["service.name"] = "acceld"
    provider = TracerProvider(resource=Resource.create(about), shutdown_on_exit=False)
    exporter = OTLPSpanExporter()
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return Tracing(provider, exporter)
