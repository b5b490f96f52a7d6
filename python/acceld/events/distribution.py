"""Notifications of the registry "distribution" (docker-registry): an envelope of events about manifests and blobs.

Format: https://distribution.github.io/distribution/about/notifications/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from acceld.errors import PayloadError
from acceld.events.event import Event, Request, delivery_name, digest_of, object_of, objects_of, reference_of, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

MEDIA_TYPE = "application/vnd.docker.distribution.events.v2+json"

MANIFESTS = {
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
}


def knows(request: Request) -> bool:
    """True for envelopes."""
    return request.media_type == MEDIA_TYPE or "events" in request.document


def events(request: Request) -> list[Event]:
    """Pushes of manifests; blobs, pulls and deletions mean nothing here.

    Raises:
        PayloadError: a push that does not say of what.
    """
    found = []
    for index, event in enumerate(objects_of(request.document, "events")):
        where = f"events[{index}]."
        target = object_of(event, "target", where=where)
        media_type = text_of(target, "mediaType", where=f"{where}target.")
        if text_of(event, "action", where=where) != "push" or media_type not in MANIFESTS:
            continue
        repository = text_of(target, "repository", where=f"{where}target.")
        tag = text_of(target, "tag", where=f"{where}target.")
        digest = digest_of(text_of(target, "digest", where=f"{where}target."), where=f"{where}target.digest")
        host = request.registry or _host(event, target, where)
        if not repository or not (tag or digest):
            raise PayloadError(f"{where}target names no repository with a tag or a digest")
        name = f"{host}/{repository}"
        found.append(
            Event(
                sender="distribution",
                delivery=delivery_name(
                    "distribution", text_of(event, "id", where=where) or f"{request.fingerprint} {index}"
                ),
                reference=reference_of(f"{name}:{tag}" if tag else f"{name}@{digest}", where=f"{where}target"),
                digest=digest,
                media_type=media_type,
                operator=text_of(object_of(event, "actor", where=where), "name", where=f"{where}actor."),
            )
        )
    return found


def _host(event: Mapping[str, Any], target: Mapping[str, Any], where: str) -> str:
    """What the client called the registry; behind a proxy `url` may know only the inner name."""
    host = text_of(object_of(event, "request", where=where), "host", where=f"{where}request.")
    host = host or urlsplit(text_of(target, "url", where=f"{where}target.")).netloc
    if not host:
        raise PayloadError(f"{where}request.host is missing; name the registry in the webhook's URL: ?registry=HOST")
    return host
