"""Which task is next: quick however many tasks wait, also where they wait for a registry that bears no more of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, exists, or_, select, tuple_

from acceld.tasks.db import Database, in_state
from acceld.tasks.model import State
from acceld.tasks.schema import task

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator


def next_task(
    database: Database, connection: Connection, kinds: Collection[str], full_lanes: Collection[str]
) -> int | None:
    """The number of the most urgent task that may run now, locked until the transaction ends; None: there is none.

    Args:
        database: Whose clock tells which tasks are due.
        connection: The caller's transaction.
        kinds: Only tasks of these kinds; all when empty.
        full_lanes: Lanes in which nothing may start now.
    """
    other = task.alias("other")
    first = (
        select(task.c.number, task.c.priority, task.c.due)
        .where(in_state(task.c.state, State.QUEUED), task.c.due <= database.now)
        .where(
            or_(
                task.c.exclusive.is_(None),
                ~exists().where(other.c.exclusive == task.c.exclusive, in_state(other.c.state, State.RUNNING)),
            )
        )
        .order_by(task.c.priority.desc(), task.c.due, task.c.number)
        .limit(1)
        .with_for_update(skip_locked=True, of=task)
    )
    found = []
    for kind, lane in _waiting(connection):
        if lane not in full_lanes and (not kinds or kind in kinds):
            row = connection.execute(first.where(task.c.kind == kind, task.c.lane == lane)).first()
            if row is not None:
                found.append((-row.priority, row.due, row.number))
    return min(found)[2] if found else None


def _waiting(connection: Connection) -> Iterator[tuple[str, str]]:
    """The kinds and lanes of the tasks that wait; each is one step in the index, past all tasks of the one before."""
    kind, lane = "", ""
    while True:
        row = connection.execute(
            select(task.c.kind, task.c.lane)
            .where(in_state(task.c.state, State.QUEUED), tuple_(task.c.kind, task.c.lane) > (kind, lane))
            .order_by(task.c.kind, task.c.lane)
            .limit(1)
        ).first()
        if row is None:
            return
        kind, lane = row
        yield kind, lane
