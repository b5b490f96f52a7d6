"""What /metrics shows, in a registry of its own. Spec: service.md section 10.

Numbers about tasks come from the database when they are asked for: all daemons that share it show the same.
"""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

import accel
from acceld.errors import QueueError
from acceld.tasks import counters

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prometheus_client.metrics_core import Metric

    from acceld.tasks.db import Database

PREFIX = "acceleration_service"
CORE = f"{PREFIX}_core"
STORE_LOOK = 60.0  # seconds
_LABELS = ("code", "method", "host", "url")
_SIZES = (100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000)

# Counter in the database → (metric, its labels). The label in the database is those values with blanks between.
_COUNTED = {
    "requests": ("task_requests", ("admission",)),
    "starts": ("task_starts", ("registry",)),
    "ended": ("tasks_ended", ("state",)),
    "retries": ("task_retries", ("registry", "status")),
    "reaped": ("tasks_reaped", ()),
    "bytes": ("bytes", ("direction",)),
    "size": ("image_bytes", ("side",)),
    "cache": ("cache_layers", ("outcome",)),
    "evicted_blobs": ("store_evicted_blobs", ()),
    "evicted_bytes": ("store_evicted_bytes", ()),
}


class Metrics:
    """The metrics of one app."""

    def __init__(self, server_name: str, database: Database, work_dir: Path | None = None) -> None:
        """`work_dir` has the local store; None where conversions use none."""
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
        self._threshold = Gauge(
            f"{CORE}_store_threshold_bytes", "provider.gcpolicy.threshold; 0: no limit.", registry=self._registry
        )
        self._registry.register(_Tasks(database))
        if work_dir:
            self._registry.register(_Store(work_dir))

    def set_store_threshold(self, threshold: int) -> None:
        """Shows above how many bytes the local store is cleaned."""
        self._threshold.set(threshold)

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


class _Store(Collector):
    """How large the local store of this machine is; looked up at most once in STORE_LOOK seconds, as it reads names."""

    def __init__(self, work_dir: Path) -> None:
        self._work_dir = work_dir
        self._lock = threading.Lock()
        self._looked = float("-inf")
        self._bytes = 0

    def describe(self) -> Iterator[Metric]:
        """Nothing: registration must not read the disk."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """The store's size, where it can be read."""
        with self._lock, contextlib.suppress(accel.StoreError):
            if time.monotonic() - self._looked >= STORE_LOOK:
                self._bytes = accel.Store(self._work_dir, create=False).usage().total_bytes
                self._looked = time.monotonic()
            yield GaugeMetricFamily(
                f"{CORE}_store_bytes", "What the local store takes on this machine's disk.", self._bytes
            )


def _conversions(totals: dict[tuple[str, str], float]) -> Iterator[Metric]:
    """The reference's counters of conversions: tasks that ended, whatever way, and those that failed."""
    done, failed = (totals.get(("ended", state), 0.0) for state in ("done", "failed"))
    for name, value in (("op", done + failed), ("op_error", failed)):
        family = CounterMetricFamily(f"{CORE}_conversions_{name}", "Conversions that ended.", labels=["op"])
        family.add_metric(["convert"], value)
        yield family
    seconds = HistogramMetricFamily(
        f"{CORE}_conversions_op_duration_seconds", "Time of conversions that ended well.", labels=["op"]
    )
    buckets, count = [], 0.0
    for bound in (*(f"{bound:g}" for bound in counters.DURATIONS), "+Inf"):
        count += totals.get(("duration", bound), 0.0)
        buckets.append((bound, count))
    seconds.add_metric(["convert"], buckets, totals.get(("duration", "sum"), 0.0))
    yield seconds
