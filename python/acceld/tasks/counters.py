"""Numbers for metrics. Counters stand in the database, so all daemons count together and none is lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from acceld.tasks.db import Database, in_state
from acceld.tasks.model import State
from acceld.tasks.schema import counter, task

Counts = Mapping[tuple[str, str], float]
"""(name, label) → how much to add. The queue itself counts
`requests` by admission, `skipped`, `starts` by lane, `ended` by state, `retries` by "lane status" and `reaped`."""


@dataclass(frozen=True)
class Gauges:
    """The queue at this moment, by lane. `oldest_wait` is how long, in seconds, a task that may start has waited."""

    queued: Mapping[str, int]
    running: Mapping[str, int]
    oldest_wait: float


def add(database: Database, connection: Connection, counts: Counts) -> None:
    """Adds to counters, in the caller's transaction."""
    # Always in the same order: two transactions can wait for each other's row only in different ones.
    rows = [{"name": name, "label": label, "value": value} for (name, label), value in sorted(counts.items()) if value]
    if not rows:
        return
    statement = database.insert(counter)
    grown = statement.on_conflict_do_update(
        index_elements=[counter.c.name, counter.c.label],
        set_={"value": counter.c.value + statement.excluded.value},
    )
    connection.execute(grown, rows)


def totals(database: Database) -> dict[tuple[str, str], float]:
    """All counters."""
    rows = database.read(lambda connection: connection.execute(select(counter)).all())
    return {(row.name, row.label): row.value for row in rows}


def gauges(database: Database) -> Gauges:
    """What waits and what runs."""

    def look(connection: Connection) -> Gauges:
        def by_lane(state: State) -> dict[str, int]:
            rows = connection.execute(
                select(task.c.lane, func.count()).where(in_state(task.c.state, state)).group_by(task.c.lane)
            )
            return dict(rows.all())

        now = database.now
        oldest = connection.execute(
            select(now - func.min(task.c.due)).where(in_state(task.c.state, State.QUEUED), task.c.due <= now)
        ).scalar()
        return Gauges(by_lane(State.QUEUED), by_lane(State.RUNNING), max(oldest or 0.0, 0.0))

    return database.read(look)
