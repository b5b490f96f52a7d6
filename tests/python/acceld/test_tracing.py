"""Traces reach a collector as one tree; without an endpoint there is nothing of them."""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from acceld.tasks.db import open_database
from acceld.tasks.model import NewTask, Task
from acceld.tasks.queue import Queue
from acceld.tracing import ENDPOINTS, MAX_STEPS, Step, Steps, Tracing, open_tracing
from tests.support.otlp import Collector, Span, collecting

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TRACE, SENDER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
HEADERS = {"traceparent": f"00-{TRACE}-{SENDER}-01", "authorization": "secret"}


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as running:
        yield running


def traced(monkeypatch: pytest.MonkeyPatch, url: str) -> Tracing:
    for name in ENDPOINTS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(ENDPOINTS[0], url)
    return open_tracing()


def taken(tmp_path: Path, arguments: dict[str, Any]) -> Task:
    """A task with these arguments, as a worker gets it from the queue."""
    database = open_database(f"sqlite:///{tmp_path}/tasks.db")
    try:
        queue = Queue(database)
        queue.put([NewTask("convert", "key", "h.io", "h.io/a:1", arguments=arguments)])
        claim = queue.take("machine:1/1")
        assert claim
        return claim.task
    finally:
        database.close()


def named(spans: list[Span], name: str) -> Span:
    (found,) = (span for span in spans if span.name == name)
    return found


def test_one_trace_goes_from_the_request_through_the_queue_to_phases_and_layers(
    tmp_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracing = traced(monkeypatch, collector.url)
    with tracing.request("POST /api/v1/conversions", HEADERS) as context:
        task = taken(tmp_path, {"sender": "harbor", **context})
    begun = time.time_ns()
    layer, other = "sha256:" + "a" * 64, "sha256:" + "b" * 64
    steps = [
        Step("pull", layer, "h.io/a:1", begun, begun + 5, 100),
        Step("pull", other, "h.io/a:1", begun + 1, begun + 9, 50),
        Step("push", f"{layer}@nydus", "h.io/a:1", begun + 7, begun + 20, 70),
    ]
    tracing.attempt(task, begun, steps, "done")
    tracing.close()
    spans = collector.wait_for(lambda spans: len(spans) >= 8)
    request, attempt, wait = named(spans, "POST /api/v1/conversions"), named(spans, "convert"), named(spans, "wait")
    assert {span.trace for span in spans} == {TRACE}
    assert request.parent == SENDER
    assert attempt.parent == wait.parent == request.id
    assert wait.ended == attempt.begun == begun
    assert attempt.attributes["acceld.task"] == task.id
    assert attempt.attributes["acceld.source"] == "h.io/a:1"
    assert attempt.attributes["acceld.ending"] == "done"
    pull, push = named(spans, "pull"), named(spans, "push")
    assert pull.parent == push.parent == attempt.id
    assert (pull.begun, pull.ended, pull.attributes["acceld.bytes"]) == (begun, begun + 9, "150")
    inner = named(spans, "pull aaaaaaaaaaaa")
    assert inner.parent == pull.id
    assert inner.attributes["acceld.digest"] == layer
    assert named(spans, "push aaaaaaaaaaaa").parent == push.id
    assert not any(span.failed for span in spans)
    assert {span.service for span in spans} == {"acceld"}


@pytest.mark.parametrize(
    ("ending", "failed"),
    [
        ("queued: registry answered 502", True),
        ("lost", True),
        ("handed back, queued", False),
        ("cancelled", False),
        ("skipped: pushed by robot$accel", False),
    ],
)
def test_a_failed_attempt_is_a_failed_span(
    tmp_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch, ending: str, failed: bool
) -> None:
    tracing = traced(monkeypatch, collector.url)
    task = replace(taken(tmp_path, {}), attempt=2)
    tracing.attempt(task, time.time_ns(), [], ending)
    tracing.close()
    attempt = named(collector.wait_for(lambda spans: len(spans) >= 2), "convert")
    assert attempt.failed == failed
    assert attempt.attributes["acceld.ending"] == ending.partition(": ")[0]
    assert attempt.attributes["acceld.attempt"] == "2"
    assert attempt.parent == ""


def test_what_a_client_sends_as_context_may_be_anything(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    tracing = traced(monkeypatch, collector.url)
    for header in ("", "x" * 100_000, "00-" + "0" * 32 + "-" + "0" * 16 + "-01", "\udcff"):
        with tracing.request("POST", {"traceparent": header, "tracestate": "é=,=,"}) as context:
            assert set(context) == {"traceparent"}
    states = [",".join(f"vendor{number}={'x' * size}" for number in range(10)) for size in (10, 200)]
    kept = []
    for state in states:
        with tracing.request("POST", {**HEADERS, "tracestate": state}) as context:
            kept.append(context.get("tracestate"))
    assert kept == [states[0], None]
    tracing.close()
    assert sum(span.parent == "" for span in collector.wait_for(lambda spans: len(spans) >= 6)) == 4


def test_an_error_in_a_request_is_passed_on_and_seen(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    tracing = traced(monkeypatch, collector.url)
    with pytest.raises(ValueError, match="no"), tracing.request("POST", {}):
        raise ValueError("no")
    tracing.close()
    assert named(collector.wait_for(bool), "POST").failed


def test_a_collector_that_is_away_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    tracing = traced(monkeypatch, "http://127.0.0.1:9")
    with tracing.request("POST", {}):
        pass
    begun = time.monotonic()
    tracing.close()
    assert time.monotonic() - begun < 20  # its own patience is half a minute


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {ENDPOINTS[0]: ""},
        {ENDPOINTS[0]: "http://x", "OTEL_SDK_DISABLED": "true"},
        {ENDPOINTS[1]: "http://x", "OTEL_TRACES_EXPORTER": "none"},
    ],
)
def test_without_an_endpoint_there_are_no_traces(environment: dict[str, str], tmp_path: Path) -> None:
    tracing = open_tracing(environment)
    assert not tracing.enabled
    with tracing.request("POST", HEADERS) as context:
        assert context == {}
    tracing.attempt(taken(tmp_path, {}), 0, [], "done")
    tracing.close()


def test_nothing_is_imported_for_it() -> None:
    code = (
        "import sys, acceld.app, acceld.workers.pool, acceld.tracing as t; t.open_tracing({}).close();"
        "print([name for name in sys.modules if name.startswith(('opentelemetry.sdk', 'opentelemetry.exporter'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_missing_packages_are_a_warning(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with caplog.at_level(logging.WARNING, "acceld"):
        assert not open_tracing({ENDPOINTS[0]: "http://x"}).enabled
    assert "acceleration-service[otel]" in caplog.text


def test_steps_are_bounded_and_keep_their_first_and_last_time() -> None:
    class Event:
        def __init__(self, kind: str, number: int, done: int) -> None:
            self.kind, self.id, self.image, self.done = kind, f"sha256:{number}", "h.io/a:1", done

    steps = Steps()
    steps.note(Event("image", 0, 0))  # type: ignore[arg-type]
    for done in (0, 10, 20):
        for number in range(MAX_STEPS + 5):
            steps.note(Event("pull", number, done))  # type: ignore[arg-type]
    found = steps.as_list()
    assert len(found) == MAX_STEPS
    assert all(step.begun < step.ended and step.done_bytes == 20 for step in found)
    assert [step.begun for step in found] == sorted(step.begun for step in found)
