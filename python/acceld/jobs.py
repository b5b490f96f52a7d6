"""The daemon's periodic jobs: this list is the place for another one."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import accel
from acceld.periodic import Job
from acceld.service import store_directory
from acceld.tasks import counters

if TYPE_CHECKING:
    from acceld.service import Service

HOUR = 3600.0
REAP_INTERVAL = 5.0  # seconds at most; less where the lease is short

_LOGGER = logging.getLogger("acceld")


def make_jobs(service: Service) -> list[Job]:
    """Jobs of a daemon; they go by the configuration that holds when they run."""
    return [
        # Any daemon may free the tasks of dead workers; one that is about to die must not be the only one that looks.
        Job("reap", min(REAP_INTERVAL, service.queue.beat_interval), lambda _: reap(service), shared=False),
        Job("retention", HOUR, lambda _: service.history.prune(service.config.queue.retention)),
        Job("collect", HOUR, lambda _: collect(service), shared=False),
    ]


def reap(service: Service) -> None:
    """Frees the tasks of workers that went silent."""
    for task_id in service.queue.reap():
        _LOGGER.warning("task %s: its worker went silent", task_id, extra={"task": task_id})


def collect(service: Service) -> None:
    """Makes more room in the local store than conversions make after themselves. Spec: service.md section 7."""
    directory, threshold = store_directory(service.config), service.config.provider.gcpolicy.threshold
    if not threshold or directory is None or not directory.is_dir():
        return
    done = accel.Store(directory).collect(threshold, percent=accel.Store.HOURLY_PERCENT)
    evicted = {("evicted_blobs", ""): float(done.evicted_blobs), ("evicted_bytes", ""): float(done.evicted_bytes)}
    service.database.write(lambda connection: counters.add(service.database, connection, evicted))
    if done.evicted_blobs:
        _LOGGER.info("local store: %d blobs with %d bytes evicted", done.evicted_blobs, done.evicted_bytes)
