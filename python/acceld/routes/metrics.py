"""/metrics, for Prometheus."""

from __future__ import annotations

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST

from acceld.routes.access import TheService

router = APIRouter()


@router.get("/metrics", response_class=Response)
def metrics(service: TheService) -> Response:
    """All metrics as text."""
    return Response(service.metrics.text(), media_type=CONTENT_TYPE_LATEST)
