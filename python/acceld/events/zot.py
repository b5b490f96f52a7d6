"""Events of zot: CloudEvents about images. They name the repository but not the registry.

Format: https://zotregistry.dev/latest/articles/events/ and zot's pkg/extensions/events.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from acceld.errors import PayloadError
from acceld.events.cloudevents import envelope, identity
from acceld.events.event import Event, Request, delivery_name, digest_of, object_of, reference_of, text_of

UPDATED = "image.updated"


def knows(request: Request) -> bool:
    """True for CloudEvents with zot's kinds of types; their prefix can be configured there."""
    event = envelope(request)
    kind = event.get("type") if event else None
    return isinstance(kind, str) and not kind.startswith("harbor.") and ".image." in f".{kind}"


def events(request: Request) -> list[Event]:
    """Images that were pushed; other types are accepted and mean nothing here.

    Raises:
        PayloadError: an event that does not say which image, or nothing that names the registry.
    """
    event = envelope(request) or {}
    if not f".{text_of(event, 'type')}".endswith(f".{UPDATED}"):
        return []
    data = object_of(event, "data")
    # zot's `source` is its own name unless a URL is configured.
    host = request.registry or urlsplit(text_of(event, "source")).netloc
    if not host:
        raise PayloadError("zot's events do not name the registry; add it to the sink's address: ?registry=HOST")
    name, reference = text_of(data, "name", where="data."), text_of(data, "reference", where="data.")
    if not name or not reference:
        raise PayloadError("data.name and data.reference are missing")
    separator = "@" if ":" in reference else ":"
    image = reference_of(f"{host}/{name}{separator}{reference}", where="data.reference")
    digest = digest_of(text_of(data, "digest", where="data."), where="data.digest")
    return [
        Event(
            sender="zot",
            delivery=delivery_name("zot", identity(event)),
            reference=image,
            digest=digest or image.digest,
            media_type=text_of(data, "mediaType", where="data."),
        )
    ]
