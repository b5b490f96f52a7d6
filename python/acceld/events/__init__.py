"""What registries tell us: request bodies become events. One adapter file per sender."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acceld.events import cloudevents, distribution, harbor, plain, zot
from acceld.events.event import Adapter, Event, Request

if TYPE_CHECKING:
    from collections.abc import Mapping

# The first adapter that knows a request reads it. A new sender: one file and one line.
ADAPTERS: tuple[Adapter, ...] = (zot, cloudevents, distribution, harbor, plain)


def parse(body: bytes, headers: Mapping[str, str], registry: str = "") -> list[Event]:
    """The pushes a request tells of; none when it tells of something else.

    Args:
        body: The request's body.
        headers: The request's headers.
        registry: The registry's host as it stands in references, for senders that do not name it.

    Raises:
        PayloadError: no known sender writes such a body.
    """
    request = Request.read(body, headers, registry)
    adapter = next(adapter for adapter in ADAPTERS if adapter.knows(request))
    return adapter.events(request)
