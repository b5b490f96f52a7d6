"""What goes wrong in the service itself; below `accel.Error` like everything else."""

from __future__ import annotations

import accel


class QueueError(accel.Error):
    """The task database cannot be used: its text says why and what to do."""


class QueueUnavailable(QueueError):  # noqa: N818 - named like accel's errors
    """The task database does not answer now; the same call may succeed later."""


class TaskNotFound(accel.Error, LookupError):  # noqa: N818 - named like accel's errors
    """There is no task with this id; it may have been removed after its retention time."""


class TaskSkipped(accel.Error):
    """The task is an event that was skipped: there is nothing to run again."""


class QueueUrlError(QueueError, accel.ConfigError):
    """`queue.url` names no database that can be used."""


class ListenError(accel.Error):
    """The daemon cannot listen where it is to."""


class PayloadError(accel.Error, ValueError):
    """A request body that no event source sends; answered with 400."""
