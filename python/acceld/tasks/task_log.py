"""What the daemon that holds a task says of it: in its own log, and in the one that the database keeps."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from acceld.errors import QueueError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acceld.tasks.history import History, LogLine
    from acceld.tasks.model import Claim

_LOGGER = logging.getLogger("acceld")


def write(history: History, claim: Claim, lines: Sequence[LogLine]) -> None:
    """Writes lines into both. Never raises for a database that does not answer: the work is worth more than its log."""
    of_task = {"task": claim.id}
    for line in lines:
        level = logging.getLevelNamesMapping().get(line.level.upper(), logging.INFO)
        _LOGGER.log(level, "task %s: %s", claim.id, line.message, extra=of_task)
    try:
        history.append_log(claim.task.number, lines)
    except QueueError as error:
        _LOGGER.warning("task %s: lines of its log are lost: %s", claim.id, error, extra=of_task)
