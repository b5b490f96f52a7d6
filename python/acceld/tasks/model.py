"""Values of the queue: tasks, what a worker holds, what it hears back."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class State(StrEnum):
    """Where a task is. Values are stored: do not rename."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"  # an event that needs no work, kept so that users can see why


ENDED = (State.DONE, State.FAILED, State.CANCELLED, State.SKIPPED)

DEFAULT_MAX_ATTEMPTS = 5

# The lane of the service's own jobs, which are no conversions: they are neither listed nor counted among those.
SERVICE_LANE = "service"


@dataclass(frozen=True)
class NewTask:
    """What is asked for.

    Attributes:
        kind: What a worker does with it, such as `convert`.
        key: Names the work: while a task with this key is open, the same request joins it.
        lane: What limits are counted by: the host of the source's registry.
        source: What users see: the source's reference.
        digest: The source's digest where it is known.
        profile: The profile of the configuration.
        arguments: What the worker needs besides, as JSON.
        exclusive: Tasks with the same value never run at the same time; None for no such limit.
        joins_running: Whether a request joins a task that runs already. False where the running task may have looked
            at the source before it changed: then the request waits as a task of its own.
        priority: Higher ones go first.
        max_attempts: How often it is tried.
        delay: Seconds until it may start.
        asker: Who asks: several askers of one task are all remembered.
        once: `asker` names one delivery of an event: when it comes again, it gets the task it got before.
    """

    kind: str
    key: str
    lane: str
    source: str = ""
    digest: str = ""
    profile: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    exclusive: str | None = None
    joins_running: bool = True
    priority: int = 0
    max_attempts: int = DEFAULT_MAX_ATTEMPTS
    delay: float = 0.0
    asker: str = ""
    once: bool = False


@dataclass(frozen=True)
class SkippedEvent:
    """An event that makes no task, and why."""

    source: str
    lane: str
    reason: str
    digest: str = ""
    asker: str = ""


class Admission(StrEnum):
    """What became of a request."""

    CREATED = "created"
    JOINED = "joined"  # an open task does the same work
    REPEATED = "repeated"  # this delivery came before


@dataclass(frozen=True)
class Ticket:
    """The answer to a request: the task that does the work."""

    task_id: str
    admission: Admission


@dataclass(frozen=True)
class Task:
    """A task as it stands. Times are seconds since 1970 by the database's clock."""

    number: int
    id: str
    kind: str
    key: str
    lane: str
    source: str
    digest: str
    profile: str
    arguments: Mapping[str, Any]
    state: State
    priority: int
    due: float
    attempt: int
    max_attempts: int
    worker: str
    lease: float | None
    cancel_requested: bool
    created: float
    started: float | None
    finished: float | None
    error: str
    result: Mapping[str, Any]
    progress: Mapping[str, Any]


@dataclass(frozen=True)
class Claim:
    """A task that this worker holds until its lease ends. The token is the proof."""

    task: Task
    token: str

    @property
    def id(self) -> str:
        """The task's id."""
        return self.task.id


class Beat(StrEnum):
    """What a worker hears when it says that it is alive. On anything but OK it stops at once."""

    OK = "ok"
    CANCEL = "cancel"
    LOST = "lost"  # the lease ended and the task is another's now


@dataclass(frozen=True)
class Failure:
    """Why an attempt failed, and whether another may succeed.

    Attributes:
        message: One line for people.
        retryable: Whether waiting can help.
        retry_after: Seconds the registry asked for.
        status: What the registry answered, `unreachable` or the like: a label for counting.
    """

    message: str
    retryable: bool = False
    retry_after: float | None = None
    status: str = ""


@dataclass(frozen=True)
class LaneLimit:
    """How much one registry is asked to bear: tasks at a time, and starts a minute, evenly spaced. None: no limit."""

    running: int | None = None
    per_minute: float | None = None


@dataclass(frozen=True)
class Limits:
    """Limits of all lanes: those named, and what holds for the others."""

    default: LaneLimit = LaneLimit()
    lanes: Mapping[str, LaneLimit] = field(default_factory=dict)

    def of(self, lane: str) -> LaneLimit:
        """The limit of one lane."""
        return self.lanes.get(lane, self.default)
