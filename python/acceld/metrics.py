"""What /metrics shows, in a registry of its own. Spec: service.md section 10.

Numbers about tasks come from the database when they are asked for: all daemons that share it show the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from acceld.errors import QueueError
from acceld.tasks import counters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.metrics_core import Metric

    from acceld.tasks.db import Database

PREFIX = "acceleration_service"
CORE = f"{PREFIX}_core"
_LABELS = ("code", "method", "host", "url")
_SIZES = (100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000)

# Counter in the database → (metric, its labels). The label in the database is those values with blanks between.
_COUNTED = {
    "requests": ("task_requests", ("admission",)),
    "starts": ("task_starts", ("registry",)),
    "ended": ("tasks_ended", ("state",)),
    "retries": ("task_retries", ("registry", "status")),
    "reaped": ("tasks_reaped", ()),
}


class Metrics:
    """The metrics of one app."""

    def __init__(self, server_name: str, database: Database) -> None:
        self._registry = CollectorRegistry()
        http = f"{PREFIX}_{''.join(c if c.isalnum() and c.isascii() else '_' for c in server_name.lower())}"
        self._requests = Counter(f"{http}_requests_total", "HTTP requests.", _LABELS, registry=self._registry)
        self._seconds = Histogram(
            f"{http}_request_duration_seconds", "Time to the end of the reply.", _LABELS, registry=self._registry
        )
        self._received = Histogram(
            f"{http}_request_size_bytes", "Bytes of bodies.", _LABELS, buckets=_SIZES, registry=self._registry
        )
        self._sent = Histogram(
            f"{http}_response_size_bytes", "Bytes of replies.", _LABELS, buckets=_SIZES, registry=self._registry
        )
        self._registry.register(_Tasks(database))

    def observe(self, labels: tuple[str, str, str, str], seconds: float, received: int, sent: int) -> None:
        """Counts one request. `labels`: code, method, host, route."""
        self._requests.labels(*labels).inc()
        self._seconds.labels(*labels).observe(seconds)
        self._received.labels(*labels).observe(received)
        self._sent.labels(*labels).observe(sent)

    def text(self) -> bytes:
        """All metrics in Prometheus' text format; without those of tasks when the database does not answer."""
        return generate_latest(self._registry)


class _Tasks(Collector):
    """What the task database knows, looked up at each scrape."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def describe(self) -> Iterator[Metric]:
        """Nothing: registration must not read the database."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """The metrics of this moment."""
        try:
            found = list(self._look())
        except QueueError:
            found = []
        yield GaugeMetricFamily(f"{CORE}_database_up", "Whether the task database answers.", int(bool(found)))
        yield from found

    def _look(self) -> Iterator[Metric]:
        now = counters.gauges(self._database)
        for name, text, lanes in (
            ("queue_depth", "Tasks that wait.", now.queued),
            ("running", "Tasks that run.", now.running),
        ):
            gauge = GaugeMetricFamily(f"{CORE}_{name}", text, labels=["registry"])
            for registry, count in lanes.items():
                gauge.add_metric([registry], count)
            yield gauge
        yield GaugeMetricFamily(f"{CORE}_oldest_wait_seconds", "How long the next task has waited.", now.oldest_wait)
        totals = counters.totals(self._database)
        families = {
            name: CounterMetricFamily(f"{CORE}_{metric}", f"Counted in the queue: {name}.", labels=labels)
            for name, (metric, labels) in _COUNTED.items()
        }
        for (name, label), value in sorted(totals.items()):
            if name in families:
                parts = _COUNTED[name][1]
                values = (label.split(" ", len(parts) - 1) + [""] * len(parts))[: len(parts)] if parts else []
                families[name].add_metric(values, value)
        yield from families.values()
        yield from _conversions(totals)


def _conversions(totals: dict[tuple[str, str], float]) -> Iterator[Metric]:
    """The reference's counters of conversions: tasks that ended, whatever way, and those that failed."""
    done, failed = (totals.get(("ended", state), 0.0) for state in ("done", "failed"))
    for name, value in (("op", done + failed), ("op_error", failed)):
        family = CounterMetricFamily(f"{CORE}_conversions_{name}", "Conversions that ended.", labels=["op"])
        family.add_metric(["convert"], value)
        yield family
