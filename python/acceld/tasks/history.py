"""Looking at tasks: one, a page of them, who asked, their logs; and removing old ones."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from sqlalchemy import Connection, delete, func, select

from acceld.errors import TaskNotFound
from acceld.tasks import counters
from acceld.tasks.db import Database, in_state
from acceld.tasks.model import ENDED, SERVICE_LANE, State, Task
from acceld.tasks.records import to_task
from acceld.tasks.schema import ask, log_line, task

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

PAGE_SIZE = 100
MAX_PAGE_SIZE = 1000
MAX_LOG_LINES = 2000  # kept of one task: the newest

_CHUNK = 500  # tasks removed in one transaction, so that others are not kept waiting


@dataclass(frozen=True)
class Filter:
    """Which tasks are shown; all conditions that are given must hold.

    Attributes:
        states: By default all but SKIPPED.
        lane: The registry; by default all of them, and not the service's own jobs.
        profile: The profile's name.
        source: Text that the source's reference contains.
    """

    states: Collection[State] = ()
    lane: str = ""
    profile: str = ""
    source: str = ""


@dataclass(frozen=True)
class Page:
    """Tasks, newest first. `next` asks for the page after this one; None when this is the last."""

    tasks: Sequence[Task]
    next: int | None


@dataclass(frozen=True)
class LogLine:
    """One line of a task's log. `number` asks for what comes after it; 0 before it is stored."""

    level: str
    message: str
    at: float = 0.0
    number: int = 0


class History:
    """Reads and tidies what the queue wrote."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, task_id: str) -> Task:
        """One task.

        Raises:
            TaskNotFound: there is none with this id.
        """
        row = self._database.read(
            lambda connection: connection.execute(select(task).where(task.c.id == task_id)).first()
        )
        if row is None:
            raise TaskNotFound(f"there is no task {task_id}; it may have been removed after its retention time")
        return to_task(row)

    def page(self, wanted: Filter | None = None, *, before: int | None = None, size: int = PAGE_SIZE) -> Page:
        """Tasks, newest first.

        Args:
            wanted: Which ones; all but skipped events by default.
            before: `Page.next` of the page before; None for the first.
            size: How many, at most MAX_PAGE_SIZE.
        """
        wanted = wanted or Filter()
        size = max(1, min(size, MAX_PAGE_SIZE))
        states = wanted.states or [state for state in State if state is not State.SKIPPED]
        numbers = select(task.c.number).order_by(task.c.number.desc()).limit(size + 1)
        if before is not None:
            numbers = numbers.where(task.c.number < before)
        numbers = numbers.where(task.c.lane == wanted.lane if wanted.lane else task.c.lane != SERVICE_LANE)
        if wanted.profile:
            numbers = numbers.where(task.c.profile == wanted.profile)
        if wanted.source:
            numbers = numbers.where(task.c.source.contains(wanted.source, autoescape=True))

        def look(connection: Connection) -> Page:
            # The index has the newest of each state at hand; a filter over states together would read them all.
            newest = [
                connection.execute(numbers.where(in_state(task.c.state, state))).scalars().all() for state in states
            ]
            merged = list(islice(heapq.merge(*newest, reverse=True), size + 1))
            shown = merged[:size]
            rows = connection.execute(select(task).where(task.c.number.in_(shown)).order_by(task.c.number.desc()))
            return Page([to_task(row) for row in rows], shown[-1] if len(merged) > size else None)

        return self._database.read(look)

    def askers(self, task_id: str) -> list[str]:
        """Who asked for a task, first ones first."""
        asked = select(ask.c.asker).join_from(ask, task, ask.c.task == task.c.number).where(task.c.id == task_id)
        return self._database.read(
            lambda connection: list(connection.execute(asked.order_by(ask.c.at, ask.c.asker)).scalars())
        )

    def append_log(self, number: int, lines: Sequence[LogLine]) -> None:
        """Adds lines to the log of the task with this number; of a long log the newest lines stay."""
        rows = [{"task": number, "level": line.level, "message": line.message} for line in lines[-MAX_LOG_LINES:]]
        if not rows:
            return

        def work(connection: Connection) -> None:
            connection.execute(self._database.insert(log_line).values(at=self._database.now), rows)
            mine = select(log_line.c.number).where(log_line.c.task == number)
            oldest_kept = mine.order_by(log_line.c.number.desc()).offset(MAX_LOG_LINES - 1).limit(1)
            first = connection.execute(oldest_kept).scalar()
            if first is not None:
                connection.execute(delete(log_line).where(log_line.c.task == number, log_line.c.number < first))

        self._database.write(work)

    def log(self, task_id: str, *, after: int = 0, size: int = MAX_LOG_LINES) -> list[LogLine]:
        """Lines of a task's log with numbers above `after`, oldest first."""
        lines = (
            select(log_line)
            .join_from(log_line, task, log_line.c.task == task.c.number)
            .where(task.c.id == task_id, log_line.c.number > after)
            .order_by(log_line.c.number)
            .limit(size)
        )
        rows = self._database.read(lambda connection: connection.execute(lines).all())
        return [LogLine(row.level, row.message, row.at, row.number) for row in rows]

    def prune(self, retention: float) -> int:
        """Removes tasks that ended more than `retention` seconds ago, with their logs.

        Returns:
            How many.
        """

        def work(connection: Connection) -> int:
            old = (
                select(task.c.number)
                .where(task.c.finished < self._database.now - retention)
                .where(task.c.state.in_([state.value for state in ENDED]))
                .limit(_CHUNK)
            )
            numbers = connection.execute(old.with_for_update(skip_locked=True)).scalars().all()
            for table, column in ((ask, ask.c.task), (log_line, log_line.c.task), (task, task.c.number)):
                connection.execute(delete(table).where(column.in_(numbers)))
            return len(numbers)

        removed = 0
        while count := self._database.write(work):
            removed += count
        counters.prune(self._database)
        return removed

    def count(self) -> int:
        """How many tasks are kept, all states."""
        return self._database.read(
            lambda connection: connection.execute(select(func.count()).select_from(task)).scalar_one()
        )
