"""Whether the daemon works, and whether it should get requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from acceld.errors import QueueError
from acceld.replies import UNHEALTHY, Refusal
from acceld.routes.access import TheService
from acceld.tasks import counters

if TYPE_CHECKING:
    from acceld.service import Service

router = APIRouter(prefix="/api/v1")


@router.get("/health", response_class=PlainTextResponse)
def health(service: TheService) -> str:
    """200 `Ok` when the task database answers, else 500."""
    return _ask_database(service, 500)


@router.get("/ready", response_class=PlainTextResponse)
def ready(service: TheService) -> str:
    """200 `Ok` when requests may be sent here; 503 when the daemon is about to end or its database does not answer."""
    if service.draining.is_set():
        raise Refusal(503, UNHEALTHY, "the daemon is about to end")
    return _ask_database(service, 503)


def _ask_database(service: Service, status: int) -> str:
    """`Ok` when the task database answers; refuses with `status` when it does not."""
    try:
        counters.gauges(service.database)
    except QueueError as error:
        raise Refusal(status, UNHEALTHY, str(error)) from None
    return "Ok"
