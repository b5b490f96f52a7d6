"""Harbor's webhook in its default format, byte-compatible with the reference.

Spec: service.md sections 8 and 13.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acceld.errors import PayloadError
from acceld.events.event import Event, Request, delivery_name, digest_of, object_of, objects_of, reference_of, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

PUSH = "PUSH_ARTIFACT"


def knows(request: Request) -> bool:
    """True for anything with a `type` that is not a request of our own."""
    return "type" in request.document and "source" not in request.document


def events(request: Request) -> list[Event]:
    """Pushes of artifacts; other event types are accepted and mean nothing here.

    Raises:
        PayloadError: a push without a readable resource.
    """
    if text_of(request.document, "type") != PUSH:
        return []
    data = object_of(request.document, "event_data")
    # Without a time it is no event of Harbor's but a wish in its form, as the reference's accelctl sends it: the same
    # body again asks again.
    delivery = delivery_name("harbor", request.fingerprint) if "occur_at" in request.document else ""
    return pushed(data, "harbor", delivery, text_of(request.document, "operator"))


def pushed(data: Mapping[str, Any], sender: str, delivery: str, operator: str) -> list[Event]:
    """The resources of `event_data`, which Harbor's CloudEvents carry as well."""
    found = []
    for index, resource in enumerate(objects_of(data, "resources", where="event_data.")):
        where = f"event_data.resources[{index}]."
        url = text_of(resource, "resource_url", where=where)
        if not url:
            raise PayloadError(f"{where}resource_url is missing")
        reference = reference_of(url, where=f"{where}resource_url")
        digest = digest_of(text_of(resource, "digest", where=where), where=f"{where}digest")
        found.append(
            Event(
                sender=sender,
                delivery=delivery,
                reference=reference,
                digest=digest or reference.digest,
                operator=operator,
            )
        )
    return found
