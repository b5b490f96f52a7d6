"""From an event to a task, or to the reason why there is none."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import accel
from acceld.tasks.model import NewTask, SkippedEvent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acceld.events.event import Event
    from acceld.events.skip import SkipRules

CONVERT = "convert"


def take_in(event: Event, config: accel.Config, rules: SkipRules) -> NewTask | SkippedEvent:
    """Decides on an event by its own words and the configuration; reads no image.

    Raises:
        ConfigError: a person asked for an image that no profile is for.
        InvalidReference: likewise, when a target's tag gets too long.
    """
    reference = event.reference
    source = str(reference)
    reason = rules.reason(event)
    found: tuple[accel.Candidate, ...] = ()
    if not reason:
        try:
            found = accel.candidates(source, config=config)
        except (accel.ConfigError, accel.InvalidReference) as error:
            if event.asked:
                raise
            reason = str(error)
    if not reason and not event.target:
        reason = _done_by_all(found)
    if reason:
        return SkippedEvent(source, reference.host, reason, event.digest, event.delivery)
    profile = "|".join(candidate.profile for candidate in found)
    digest = event.digest or reference.digest
    asked_for = {
        "drivers": list(event.drivers),
        "options": dict(event.options),
        "platforms": list(event.platforms),
        "target": event.target,
    }
    wishes = {name: value for name, value in asked_for.items() if value}
    # A digest under another tag has another target, so the tag is part of what the work is.
    place = f"{reference.name}:{reference.tag}" if reference.tag else f"{reference.name}@{digest}"
    work = f"{CONVERT} {place} {profile}" + (f" {_fingerprint(wishes)}" if wishes else "")
    return NewTask(
        kind=CONVERT,
        key=f"{work} {digest}" if digest else work,
        lane=reference.host,
        source=source,
        digest=digest,
        profile=profile,
        arguments={"sender": event.sender, **wishes},
        exclusive=work,
        # Without a digest the running task may have read the tag before it moved.
        joins_running=bool(digest),
        priority=max(candidate.priority for candidate in found) if event.priority is None else event.priority,
        max_attempts=config.queue.max_attempts,
        asker=event.delivery,
        once=bool(event.delivery),
    )


def _done_by_all(found: tuple[accel.Candidate, ...]) -> str:
    """Why there is nothing to do, whichever candidate decides; "" when there is."""
    notes = [target.done for candidate in found for target in candidate.plan.targets]
    return notes[0] if notes and all(notes) else ""


def _fingerprint(wishes: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(wishes, sort_keys=True).encode()).hexdigest()[:16]
