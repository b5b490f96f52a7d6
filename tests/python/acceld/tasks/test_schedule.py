"""Jobs that come round, each time once however many daemons look."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from acceld.errors import QueueError
from acceld.tasks.db import Database, open_database
from acceld.tasks.history import History
from acceld.tasks.model import NewTask
from acceld.tasks.queue import Queue
from acceld.tasks.schedule import Schedule, claim, tick
from tests.python.acceld.tasks.conftest import HandClock, NewUrl

HOURLY = Schedule("collect", "0 * * * *", NewTask(kind="collect", key="collect", lane="store"))
NIGHTLY = Schedule("reconcile", "30 2 * * *", NewTask(kind="reconcile", key="reconcile", lane="all"))
MIDNIGHT = 1_700_006_400.0  # 2023-11-15 00:00 UTC


def test_a_schedule_begins_with_its_next_time(queue: Queue, database: Database, clock: HandClock) -> None:
    clock.seconds = MIDNIGHT + 10
    assert tick(database, [HOURLY, NIGHTLY]) == []
    clock.seconds = MIDNIGHT + 3599
    assert tick(database, [HOURLY, NIGHTLY]) == []
    clock.seconds = MIDNIGHT + 3600
    assert tick(database, [HOURLY, NIGHTLY]) == ["collect"]
    assert tick(database, [HOURLY, NIGHTLY]) == []
    clock.seconds = MIDNIGHT + 2.5 * 3600
    assert tick(database, [HOURLY, NIGHTLY]) == ["collect", "reconcile"]
    kinds = []
    while claim := queue.take("w"):
        kinds.append(claim.task.kind)
    assert kinds == ["collect", "reconcile"]  # the second collect joined the first, which had not started


def test_times_that_passed_unseen_are_made_up_for_once(database: Database, clock: HandClock) -> None:
    clock.seconds = MIDNIGHT
    tick(database, [HOURLY])
    clock.advance(50 * 3600)
    assert tick(database, [HOURLY]) == ["collect"]
    assert tick(database, [HOURLY]) == []
    assert History(database).count() == 1


def test_another_time_in_the_configuration_takes_its_place(database: Database, clock: HandClock) -> None:
    clock.seconds = MIDNIGHT
    tick(database, [HOURLY])
    changed = Schedule("collect", "15 * * * *", HOURLY.task)
    clock.advance(3600)
    assert tick(database, [changed]) == []
    clock.advance(900)
    assert tick(database, [changed]) == ["collect"]


@pytest.mark.parametrize("cron", ["", "x", "61 * * * *", "0 0 31 2 *", "* * *"])
def test_what_is_no_time_is_refused(database: Database, cron: str) -> None:
    with pytest.raises(QueueError, match=r"schedule s: .* is no time"):
        tick(database, [Schedule("s", cron, HOURLY.task)])


def test_several_daemons_put_each_task_once(new_url: NewUrl, clock: HandClock) -> None:
    url = new_url()
    clock.seconds = MIDNIGHT
    daemons = [open_database(url, clock=clock) for _ in range(4)]
    try:
        with ThreadPoolExecutor(len(daemons)) as pool:
            for _ in range(10):
                list(pool.map(lambda database: tick(database, [HOURLY]), daemons))
                clock.advance(3600)
                put = [name for names in pool.map(lambda database: tick(database, [HOURLY]), daemons) for name in names]
                assert put == ["collect"]
    finally:
        for database in daemons:
            database.close()


def test_a_job_for_all_is_claimed_once_an_interval(database: Database, clock: HandClock) -> None:
    clock.seconds = MIDNIGHT
    assert claim(database, "retention", 3600) == 0
    assert claim(database, "retention", 3600) == 3600
    assert claim(database, "other", 60) == 0
    clock.advance(3590)
    assert claim(database, "retention", 3600) == pytest.approx(10)
    clock.advance(11)
    assert claim(database, "retention", 3600) == 0
    assert claim(database, "retention", 1800) == 0  # another interval begins anew


def test_daemons_that_look_at_the_same_time_share_the_job(new_url: NewUrl) -> None:
    url = new_url()
    databases = [open_database(url) for _ in range(4)]
    try:
        with ThreadPoolExecutor(8) as pool:
            waits = list(pool.map(lambda number: claim(databases[number % 4], "job", 3600), range(16)))
    finally:
        for database in databases:
            database.close()
    assert sorted(waits)[:2] == [0, pytest.approx(3600, abs=60)]
