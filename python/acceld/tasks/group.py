"""Requests of many threads in few commits: a commit costs milliseconds, a request in it a tenth of one."""

from __future__ import annotations

import queue as queues
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from acceld.errors import QueueError, QueueUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acceld.tasks.model import NewTask, SkippedEvent, Ticket
    from acceld.tasks.queue import Queue

MAX_GROUP = 500  # requests in one commit
GATHER = 0.005  # seconds that more are waited for when several come at once: a commit has its price whatever is in it
MAX_WAITING = 5000  # requests that wait for one; more are refused, so that memory stays bounded


@dataclass(frozen=True)
class _Request:
    tasks: Sequence[NewTask]
    skipped: Sequence[SkippedEvent]
    answer: Future[list[Ticket]] = field(default_factory=Future)


class GroupCommit:
    """Puts what arrives while a commit runs into the next one. Thread-safe; close it when the last request is in."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._waiting: queues.Queue[_Request | None] = queues.Queue(MAX_WAITING)
        self._thread = threading.Thread(target=self._work, name="acceld-group-commit", daemon=True)
        self._thread.start()

    def put(self, tasks: Sequence[NewTask], skipped: Sequence[SkippedEvent] = ()) -> Future[list[Ticket]]:
        """`Queue.put`, answered when the commit is on disk.

        Returns:
            The tickets, or the error of the commit. A request that cannot be stored does not harm the others.

        Raises:
            QueueUnavailable: too many requests wait; the sender may come again.
        """
        request = _Request(tasks, skipped)
        try:
            self._waiting.put_nowait(request)
        except queues.Full:
            raise QueueUnavailable(f"{MAX_WAITING} requests wait for the task database; try again later") from None
        return request.answer

    def close(self) -> None:
        """Answers what was put before, then ends the thread."""
        self._waiting.put(None)
        self._thread.join()

    def _work(self) -> None:
        last = False
        while not last:
            group = [self._waiting.get()]
            if not self._waiting.empty():
                time.sleep(GATHER)
            while len(group) < MAX_GROUP and group[-1] is not None:
                try:
                    group.append(self._waiting.get_nowait())
                except queues.Empty:
                    break
            last = group[-1] is None
            self._commit([request for request in group if request is not None])

    def _commit(self, group: list[_Request]) -> None:
        if not group:
            return
        try:
            tickets = self._queue.put(
                [task for request in group for task in request.tasks],
                [event for request in group for event in request.skipped],
            )
        except Exception as error:
            if len(group) == 1 or isinstance(error, QueueError):
                for request in group:
                    request.answer.set_exception(error)
                return
            for request in group:  # one of them is at fault: each alone
                self._commit([request])
            return
        for request in group:
            count = len(request.tasks)
            request.answer.set_result(tickets[:count])
            tickets = tickets[count:]
