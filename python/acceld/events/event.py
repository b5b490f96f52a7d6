"""The one form all notifications are brought into, and careful ways to look into JSON from outside."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import accel
from acceld.errors import PayloadError

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_BODY = 1 << 20  # bytes; Harbor's are below 2 KiB, distribution's envelopes below 100 KiB
MAX_EVENTS = 1000  # in one body
MAX_REFERENCE = 800  # characters; an index entry of PostgreSQL has 2.7 KB, and names the host twice


@dataclass(frozen=True)
class Event:
    """An image was pushed, or somebody asks for one.

    Attributes:
        sender: `harbor`, `cloudevents`, `distribution`, `zot` or `plain`.
        delivery: Names this delivery: the same text when it is delivered again. "" where every request counts.
        reference: The image, with its tag or its digest.
        digest: Of the manifest that was pushed; "" where the sender does not say.
        media_type: Of that manifest; "" where the sender does not say.
        operator: Who pushed; "" where the sender does not say.
        drivers: Formats that are asked for; none: the configuration's.
        options: Driver options that are asked for.
        platforms: `os/arch[/variant]` that are asked for; none: the configuration's.
        target: Where the result goes; "": as the configuration says.
        priority: As asked for; None: the profile's.
        asked: A person asked for this image: no rule skips it.
    """

    sender: str
    delivery: str
    reference: accel.Reference
    digest: str = ""
    media_type: str = ""
    operator: str = ""
    drivers: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    platforms: tuple[str, ...] = ()
    target: str = ""
    priority: int | None = None
    asked: bool = False


@dataclass(frozen=True)
class Request:
    """A request with its body read as JSON and its headers in lower case."""

    document: Mapping[str, Any]
    headers: Mapping[str, str]
    registry: str
    fingerprint: str  # of the body: a repeated delivery has the same

    @classmethod
    def read(cls, body: bytes, headers: Mapping[str, str], registry: str = "") -> Request:
        """Raises PayloadError for anything but one JSON object of bearable size."""
        if len(body) > MAX_BODY:
            raise PayloadError(f"the body has {len(body)} bytes; at most {MAX_BODY} are accepted")
        try:
            document = json.loads(body, parse_constant=_no_constant)
            json.dumps(document, ensure_ascii=False).encode()  # half a surrogate pair is no text
        except (ValueError, RecursionError):
            raise PayloadError("the body is no JSON") from None
        if not isinstance(document, dict):
            raise PayloadError("the body is no JSON object")
        lowered = {name.lower(): value for name, value in headers.items()}
        return cls(document, lowered, registry, hashlib.sha256(body).hexdigest())

    @property
    def media_type(self) -> str:
        """Content-Type without its parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class Adapter(Protocol):
    """What each adapter file has."""

    def knows(self, request: Request) -> bool:
        """True when the request is of this sender."""

    def events(self, request: Request) -> list[Event]:
        """The pushes it tells of. Raises PayloadError."""


def _no_constant(text: str) -> None:
    raise ValueError(text)


def text_of(value: Mapping[str, Any], key: str, *, where: str = "") -> str:
    """A text member; "" when it is absent or null.

    Raises:
        PayloadError: it is something else.
    """
    found = value.get(key)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise PayloadError(f"{where}{key} is no text")
    return found


def object_of(value: Mapping[str, Any], key: str, *, where: str = "") -> Mapping[str, Any]:
    """An object member; empty when it is absent or null.

    Raises:
        PayloadError: it is something else.
    """
    found = value.get(key)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise PayloadError(f"{where}{key} is no object")
    return found


def objects_of(value: Mapping[str, Any], key: str, *, where: str = "") -> list[Mapping[str, Any]]:
    """A member that lists objects; empty when it is absent or null.

    Raises:
        PayloadError: it is something else, or lists more than MAX_EVENTS.
    """
    found = value.get(key)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise PayloadError(f"{where}{key} is no list of objects")
    if len(found) > MAX_EVENTS:
        raise PayloadError(f"{where}{key} has {len(found)} members; at most {MAX_EVENTS} are accepted")
    return found


def reference_of(text: str, *, where: str) -> accel.Reference:
    """Raises PayloadError when `text` is no image reference."""
    if len(text) > MAX_REFERENCE:
        raise PayloadError(f"{where}: a reference of {len(text)} characters; at most {MAX_REFERENCE} are accepted")
    try:
        return accel.Reference.parse(text)
    except accel.InvalidReference as error:
        raise PayloadError(f"{where}: {error}") from None


def delivery_name(sender: str, identity: str) -> str:
    """A short name of one delivery, whatever a sender calls it."""
    return f"{sender} {hashlib.sha256(identity.encode()).hexdigest()}"


def digest_of(text: str, *, where: str) -> str:
    """A digest; "" for none.

    Raises:
        PayloadError: `text` is something else.
    """
    if text:
        reference_of(f"registry.invalid/name@{text}", where=where)
    return text
