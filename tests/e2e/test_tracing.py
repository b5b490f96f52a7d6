"""A webhook to a real daemon: its trace reaches a collector, from the sender's span to the layers of the conversion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import accel
from tests.python.support.images import sample_image
from tests.support.daemon import CONVERSIONS, Daemon, pushed, running, settings
from tests.support.otlp import collecting

if TYPE_CHECKING:
    from pathlib import Path

    from tests.python.support.layout import Layout
    from tests.support.registry import Registry

TRACE, SENDER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def test_a_webhook_is_one_trace_down_to_the_layers(tmp_path: Path, registry: Registry, layout: Layout) -> None:
    source = pushed(registry, tmp_path, sample_image(layout))
    image = accel.open(source, config=accel.Config.from_dict(settings(tmp_path, registry)))
    with collecting() as collector:
        environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "100"}
        with running(Daemon(tmp_path, settings(tmp_path, registry), **environment)) as daemon:
            headers = {"traceparent": f"00-{TRACE}-{SENDER}-01"}
            assert daemon.http.post(CONVERSIONS, json={"source": source}, headers=headers).status_code == 200
            task = daemon.wait_for_end(daemon.tasks(source=source)[0]["id"])
            assert task["state"] == "done", task
            # The span of the attempt is the last one that ends.
            spans = collector.wait_for(lambda spans: any("acceld.ending" in span.attributes for span in spans))
            assert daemon.stop() == 0
    by_id = {span.id: span for span in spans}
    mine = [span for span in spans if span.trace == TRACE]
    request = next(span for span in mine if span.parent == SENDER)
    attempt = next(span for span in mine if span.attributes.get("acceld.task") == task["id"] and span.name == "convert")
    assert request.name == f"POST {CONVERSIONS}"
    assert attempt.parent == request.id
    assert attempt.attributes["acceld.source"] == source
    assert attempt.attributes["acceld.ending"] == "done"
    for phase in ("pull", "convert", "push"):
        outer = next(span for span in mine if span.name == phase and span.parent == attempt.id)
        inner = [span for span in mine if span.parent == outer.id]
        assert len(inner) >= len(image.layers)
        assert all(attempt.begun <= outer.begun <= span.begun <= span.ended <= outer.ended for span in inner)
        assert all(span.attributes["acceld.digest"].startswith("sha256:") for span in inner)
    assert not [span for span in mine if span.parent != SENDER and span.parent not in by_id]
    assert not [span for span in mine if span.failed]
