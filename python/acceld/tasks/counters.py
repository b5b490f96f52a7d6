"""Numbers for metrics. Counters stand in the database, so all daemons count together and none is lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import BigInteger, ColumnElement, Connection, Table, cast, delete, func, select

from acceld.tasks.db import Database, in_state
from acceld.tasks.model import State
from acceld.tasks.schema import counter, tally, task

Counts = Mapping[tuple[str, str], float]
"""(name, label) → how much to add. The queue itself counts `requests` by admission, `starts` by lane, `ended` by state,
`retries` by "lane status", `reaped`, and `queued`, which grows and shrinks with the tasks that wait. Workers add
`bytes` by what was done with them, `size` of `source` and `target`, `cache` by `hits` and `misses`,
`evicted_blobs`, `evicted_bytes`, and `duration`; see there."""

INTERVAL = 300  # seconds: charts are no finer
BY_TIME = frozenset({"ended", "queued", "bytes", "size", "cache"})  # names that are also counted for each interval
KEPT = 8 * 86400  # seconds that counts by time are kept: a week, and what the current day adds

# Upper bounds in seconds of the histogram of durations: those of the reference, and longer ones.
DURATIONS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600)


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
    _grow(database, connection, counter, rows)
    _grow(database, connection, tally, [row for row in rows if row["name"] in BY_TIME], at=_interval(database))


def duration(seconds: float) -> Counts:
    """What one conversion of so many seconds adds: to `sum`, and to the bucket that it falls into."""
    bucket = next((f"{bound:g}" for bound in DURATIONS if seconds <= bound), "+Inf")
    return {("duration", "sum"): seconds, ("duration", bucket): 1.0}


def prune(database: Database) -> None:
    """Removes counts by time that no chart shows any more."""
    old = delete(tally).where(tally.c.at < _interval(database) - KEPT)
    database.write(lambda connection: connection.execute(old).close())


def _grow(
    database: Database, connection: Connection, table: Table, rows: list[dict[str, object]], **where: ColumnElement[int]
) -> None:
    if not rows:
        return
    statement = database.insert(table).values(**where)
    grown = statement.on_conflict_do_update(
        index_elements=list(table.primary_key), set_={"value": table.c.value + statement.excluded.value}
    )
    connection.execute(grown, rows)


def _interval(database: Database) -> ColumnElement[int]:
    """The start of the interval that runs."""
    number = database.now / INTERVAL
    # A cast to an integer cuts off in SQLite, which may lack floor(), and rounds in PostgreSQL.
    whole = number if database.name == "sqlite" else func.floor(number)
    return cast(whole, BigInteger) * INTERVAL


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
