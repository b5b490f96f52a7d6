"""Harbor's webhook in the CloudEvents format: `data` is what the default format calls `event_data`.

Spec: service.md section 8; CloudEvents 1.0, JSON format and HTTP binding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acceld.errors import PayloadError
from acceld.events import harbor
from acceld.events.event import Event, Request, delivery_name, object_of, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

PUSH = "harbor.artifact.pushed"


def envelope(request: Request) -> Mapping[str, Any] | None:
    """The attributes of an event and its `data`, wherever the HTTP binding put them; None when it is no CloudEvent."""
    if "ce-specversion" in request.headers:  # binary mode: attributes are headers, the body is the data
        attributes = {name[3:]: value for name, value in request.headers.items() if name.startswith("ce-")}
        return {**attributes, "data": request.document}
    if request.media_type == "application/cloudevents+json" or "specversion" in request.document:
        return request.document
    return None


def identity(event: Mapping[str, Any]) -> str:
    """Source and id, which together name an event wherever it is delivered.

    Raises:
        PayloadError: it has no id.
    """
    if not (number := text_of(event, "id")):
        raise PayloadError("the CloudEvent has no id")
    return f"{text_of(event, 'source')} {number}"


def knows(request: Request) -> bool:
    """True for CloudEvents."""
    return envelope(request) is not None


def events(request: Request) -> list[Event]:
    """Pushes of artifacts; other event types are accepted and mean nothing here.

    Raises:
        PayloadError: a push without id or readable resource.
    """
    event = envelope(request) or {}
    if text_of(event, "type") != PUSH:
        return []
    delivery = delivery_name("cloudevents", identity(event))
    return harbor.pushed(object_of(event, "data"), "cloudevents", delivery, text_of(event, "operator"))
