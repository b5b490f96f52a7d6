"""Requests of people and scripts: `{"source": REFERENCE, "driver": …, "options": …, "platform": …, "target": …}`.

Spec: service.md section 8.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import accel
from acceld.errors import PayloadError
from acceld.events.event import Event, Request, object_of, reference_of, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

KEYS = ("source", "driver", "options", "platform", "target", "priority")

PRIORITY_RANGE = (-1000, 1000)


def knows(request: Request) -> bool:  # noqa: ARG001 - what nobody else knows is for us to refuse
    """True: the last adapter."""
    return True


def events(request: Request) -> list[Event]:
    """The one image that is asked for.

    Raises:
        PayloadError: naming the key that is missing or wrong, and what is accepted.
    """
    document = request.document
    source = text_of(document, "source")
    if not source:
        raise PayloadError('want {"source": REFERENCE} or the body of a webhook (Harbor, distribution, zot)')
    for key in document:
        if key not in KEYS:
            raise PayloadError(f"unknown key {key!r}; accepted: {', '.join(KEYS)}")
    reference = reference_of(source, where="source")
    return [
        Event(
            sender="plain",
            delivery="",
            reference=reference,
            digest=reference.digest,
            drivers=_names(document, "driver"),
            platforms=_platforms(_names(document, "platform")),
            options=_options(object_of(document, "options")),
            target=text_of(document, "target"),
            priority=_priority(document.get("priority")),
            asked=True,
        )
    ]


def _names(document: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """One name or a list of names."""
    value = document.get(key)
    if value is None:
        return ()
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise PayloadError(f"{key} is neither a name nor a list of names")
    return tuple(names)


def _platforms(names: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return tuple(str(accel.Platform.parse(name)) for name in names)
    except accel.ConfigError as error:
        raise PayloadError(f"platform: {error}") from None


def _options(values: Mapping[str, Any]) -> dict[str, str]:
    options = {}
    for key, value in values.items():
        if isinstance(value, bool):
            options[key] = str(value).lower()
        elif isinstance(value, str | int | float):
            options[key] = str(value)
        else:
            raise PayloadError(f"options.{key} is neither text nor number nor boolean")
    return options


def _priority(value: Any) -> int | None:
    low, high = PRIORITY_RANGE
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise PayloadError(f"priority is no whole number from {low} to {high}")
    return value
