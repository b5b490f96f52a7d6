"""Progress events without native code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import accel


@dataclass(frozen=True)
class Event:
    """What a display reads of a ProgressEvent."""

    kind: str = "pull"
    id: str = "sha256:" + "0123456789ab" * 5 + "0123"
    image: str = "h.io/app:1"
    state: str = "running"
    done: int = 0
    total: int = 0
    detail: str = ""


def event(**fields: object) -> accel.ProgressEvent:
    return cast("accel.ProgressEvent", Event(**fields))  # type: ignore[arg-type]
