"""What happened lately, for charts: ends, bytes, sizes, use of the cache and how many tasks waited."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, func, select

from acceld.tasks import counters
from acceld.tasks.schema import tally

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from acceld.tasks.counters import Gauges
    from acceld.tasks.db import Database

DEFAULT_HOURS = 24
MAX_HOURS = 7 * 24

_MOST_BUCKETS = 72
_LENGTHS = (300, 900, 1800, 3600, 3 * 3600)  # seconds of a bucket; multiples of counters.INTERVAL

Key = tuple[str, str]


@dataclass(frozen=True)
class Bucket:
    """One stretch of time. `at` is its start, `queued` how many tasks waited at its end; counts by (name, label)."""

    at: int
    counts: Mapping[Key, float]
    queued: int


@dataclass(frozen=True)
class Statistics:
    """Buckets of `length` seconds, oldest first, the last one still running; and the queue at this moment."""

    length: int
    buckets: Sequence[Bucket]
    now: Gauges


def look_back(database: Database, hours: int = DEFAULT_HOURS) -> Statistics:
    """The last `hours`, from 1 to MAX_HOURS; quick however many tasks there were."""
    seconds = hours * 3600
    length = next(length for length in _LENGTHS if seconds <= length * _MOST_BUCKETS)
    start = tally.c.at - tally.c.at % length

    def look(connection: Connection) -> tuple[int, list[tuple[int, str, str, float]]]:
        newest = int(connection.execute(select(database.now)).scalar_one()) // length * length
        wanted = select(start, tally.c.name, tally.c.label, func.sum(tally.c.value)).where(
            tally.c.at >= newest - seconds + length
        )
        rows = connection.execute(wanted.group_by(start, tally.c.name, tally.c.label))
        return newest, [(at, name, label, value) for at, name, label, value in rows]

    now = counters.gauges(database)
    newest, rows = database.read(look)
    counted: dict[int, dict[Key, float]] = {at: {} for at in range(newest, newest - seconds, -length)}
    for at, name, label, value in rows:
        if at in counted:
            counted[at][name, label] = value
    # From what waits now back in time: what a bucket added had not been there before it.
    queued = float(sum(now.queued.values()))
    buckets = []
    for at, counts in counted.items():
        buckets.append(Bucket(at, counts, max(0, round(queued))))
        queued -= counts.get(("queued", ""), 0)
    return Statistics(length, buckets[::-1], now)
