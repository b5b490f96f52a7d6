"""What happened lately, for charts."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from acceld.replies import document, time_text
from acceld.routes.access import Reader, TheService
from acceld.tasks.statistics import DEFAULT_HOURS, MAX_HOURS, look_back

if TYPE_CHECKING:
    from acceld.tasks.statistics import Bucket

router = APIRouter(prefix="/api/v1", dependencies=[Reader])

# Field of the reply → what it is counted under.
_FIELDS = {
    "done": ("ended", "done"),
    "failed": ("ended", "failed"),
    "cancelled": ("ended", "cancelled"),
    "bytes_read": ("bytes", "read"),
    "bytes_written": ("bytes", "written"),
    "bytes_uploaded": ("bytes", "uploaded"),
    "bytes_mounted": ("bytes", "mounted"),
    "source_size": ("size", "source"),
    "target_size": ("size", "target"),
    "cache_hits": ("cache", "hits"),
    "cache_misses": ("cache", "misses"),
}


@router.get("/statistics")
def statistics(
    service: TheService, request: Request, hours: Annotated[int, Query(ge=1, le=MAX_HOURS)] = DEFAULT_HOURS
) -> Response:
    """The last hours in buckets of `seconds`, oldest first, and the queue now (tasks by registry).

    `source_size` is that of the images that were converted, `target_size` that of all made of them; `queued` is how
    many tasks waited at the end of a bucket.
    """
    found = look_back(service.database, hours)
    buckets = [_bucket(bucket) for bucket in found.buckets]
    return document(request, {"seconds": found.length, "now": asdict(found.now), "buckets": buckets})


def _bucket(bucket: Bucket) -> dict[str, Any]:
    counts = {name: int(bucket.counts.get(key, 0)) for name, key in _FIELDS.items()}
    return {"at": time_text(bucket.at), **counts, "queued": bucket.queued}
