"""Counts by time: what happened when, how many waited, and that a long history costs nothing."""

from __future__ import annotations

import time
from typing import Any

import pytest
from sqlalchemy import insert

from acceld.tasks import counters
from acceld.tasks.db import Database, open_database
from acceld.tasks.history import History
from acceld.tasks.model import Failure, NewTask
from acceld.tasks.queue import Queue
from acceld.tasks.schema import tally
from acceld.tasks.statistics import MAX_HOURS, Statistics, look_back
from tests.python.acceld.tasks.conftest import HandClock, NewUrl


def put(queue: Queue, *keys: str) -> list[str]:
    new = [NewTask(kind="convert", key=key, lane="h.io", exclusive=key) for key in keys]
    return [ticket.task_id for ticket in queue.put(new)]


def waiting(found: Statistics) -> list[int]:
    return [bucket.queued for bucket in found.buckets]


def counted(found: Statistics, name: str, label: str) -> list[float]:
    return [bucket.counts.get((name, label), 0) for bucket in found.buckets]


@pytest.mark.parametrize(
    ("hours", "length", "count"), [(1, 300, 12), (6, 300, 72), (24, 1800, 48), (MAX_HOURS, 10800, 56)]
)
def test_buckets_are_few_and_end_with_the_one_that_runs(
    database: Database, clock: HandClock, hours: int, length: int, count: int
) -> None:
    found = look_back(database, hours)
    assert (found.length, len(found.buckets)) == (length, count)
    assert [bucket.at % length for bucket in found.buckets] == [0] * count
    assert found.buckets[-1].at <= clock.seconds < found.buckets[-1].at + length
    assert found.buckets[0].at == found.buckets[-1].at - (count - 1) * length


@pytest.mark.parametrize("offset", [0.0, 149.9, 150.0, 299.9])
def test_a_count_is_in_the_interval_of_its_time(
    database: Database, queue: Queue, clock: HandClock, offset: float
) -> None:
    clock.seconds = 1_700_000_100.0 + offset  # a multiple of 300
    put(queue, "a")
    claim = queue.take("w")
    assert claim
    assert queue.done(claim, {}, {("bytes", "read"): 5, ("size", "source"): 7, ("cache", "hits"): 1})
    (*before, last) = look_back(database, 1).buckets
    assert last.at == 1_700_000_100
    assert {key: value for key, value in last.counts.items() if value} == {
        ("ended", "done"): 1,
        ("bytes", "read"): 5,
        ("size", "source"): 7,
        ("cache", "hits"): 1,
    }
    assert not any(bucket.counts for bucket in before)


def test_the_depth_of_the_queue_is_known_backwards(database: Database, queue: Queue, clock: HandClock) -> None:
    """Each way into the queue and out of it, one interval apart."""
    claims: list[Any] = []

    def cancel() -> None:
        queue.cancel(ids[1])

    def take() -> None:
        claims.append(queue.take("w"))

    def fail_for_now() -> None:
        queue.fail(claims.pop(), Failure("away", retryable=True))

    def release() -> None:
        take()
        queue.release(claims.pop())

    def retry() -> None:
        queue.retry(ids[1])

    def join() -> None:
        put(queue, "b")

    ids = put(queue, "a", "b", "c")
    seen = [3]
    for step, change in [(cancel, -1), (take, -1), (fail_for_now, 1), (release, 0), (retry, 1), (join, 0), (take, -1)]:
        clock.advance(300)
        step()
        seen.append(seen[-1] + change)
    assert waiting(look_back(database, 1))[-len(seen) :] == seen
    clock.advance(40)
    assert queue.reap() != []
    assert waiting(look_back(database, 1))[-1] == seen[-1] + 1
    assert look_back(database).now.queued == {"h.io": seen[-1] + 1}


def test_what_no_chart_shows_any_more_is_removed(database: Database, queue: Queue, clock: HandClock) -> None:
    put(queue, "old")
    clock.advance(counters.KEPT + 300)
    put(queue, "new")
    History(database).prune(10 * counters.KEPT)
    rows = database.read(lambda connection: connection.execute(tally.select()).all())
    assert len(rows) == 1
    assert rows[0].at > clock.seconds - 300


def test_a_week_of_a_busy_service_is_looked_up_quickly(new_url: NewUrl, capsys: pytest.CaptureFixture[str]) -> None:
    """All that a week can leave behind; the figure is printed, the bound is loose for busy machines."""
    database = open_database(new_url())
    try:
        keys = [("ended", label) for label in ("done", "failed", "cancelled")] + [("queued", "")]
        keys += [("bytes", label) for label in ("read", "written", "uploaded", "mounted")]
        keys += [("size", "source"), ("size", "target"), ("cache", "hits"), ("cache", "misses")]
        last = int(time.time()) // 300 * 300
        rows = [
            {"at": last - 300 * step, "name": name, "label": label, "value": 1.0}
            for step in range(counters.KEPT // 300)
            for name, label in keys
        ]
        database.write(lambda connection: connection.execute(insert(tally), rows).close())
        for hours in (24, MAX_HOURS):
            times = []
            for _ in range(20):
                start = time.perf_counter()
                found = look_back(database, hours)
                times.append(time.perf_counter() - start)
            assert counted(found, "ended", "done")[:-1] == [found.length / 300] * (len(found.buckets) - 1)
            with capsys.disabled():
                print(f"\n{database.name}: {hours} h: worst of 20 {max(times) * 1000:.1f} ms", end="")
            assert sorted(times)[10] < 0.3
    finally:
        database.close()
