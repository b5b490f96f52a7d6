"""Periodic work: done by one daemon or by each, and whatever goes wrong, done again."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

import accel
from acceld import periodic
from acceld.jobs import collect, make_jobs
from acceld.periodic import Job, Periodic
from acceld.service import Service
from acceld.tasks import backoff, counters
from acceld.tasks.db import Database, open_database
from acceld.tasks.group import GroupCommit
from acceld.tasks.history import History
from acceld.tasks.queue import Queue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PATIENCE = 180.0  # seconds; a busy machine needs some


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = open_database(f"sqlite:///{tmp_path}/tasks.db")
    yield made
    made.close()


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_shared_job_is_done_by_one_daemon_and_others_by_each(database: Database) -> None:
    shared: list[int] = []
    own: list[int] = []
    rounds = [
        Periodic(
            database,
            [
                Job("shared", 3600, lambda _, number=number: shared.append(number)),  # type: ignore[misc]
                Job("own", 3600, lambda _, number=number: own.append(number), shared=False),  # type: ignore[misc]
            ],
        )
        for number in range(3)
    ]
    for each in rounds:
        each.start()
    wait_until(lambda: len(own) == 3 and len(shared) == 1)
    for each in rounds:
        each.stop()  # has waited for what ran
    assert (sorted(own), len(shared)) == ([0, 1, 2], 1)


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("error", [accel.StoreError("full"), ZeroDivisionError("ours")])
def test_a_job_that_fails_is_done_again_long_before_its_next_turn(
    database: Database,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    shared: bool,
) -> None:
    monkeypatch.setattr(backoff, "BASE", 0.001)
    calls: list[int] = []

    def fail_twice(_: threading.Event) -> None:
        calls.append(len(calls))
        if len(calls) <= 2:
            raise error

    jobs = Periodic(database, [Job("shaky", 3600, fail_twice, shared=shared)])
    jobs.start()
    wait_until(lambda: len(calls) == 3)
    jobs.stop()
    assert len(calls) == 3
    assert caplog.text.count(f"shaky: {error}; again in 0 s") == 2
    assert ("Traceback" in caplog.text) is isinstance(error, ZeroDivisionError)


@pytest.mark.parametrize("error", [accel.StoreError("full"), ZeroDivisionError("ours")])
def test_a_job_that_comes_round_quickly_waits_no_longer_after_a_failure(database: Database, error: Exception) -> None:
    calls: list[float] = []

    def fail(_: threading.Event) -> None:
        calls.append(time.monotonic())
        raise error

    jobs = Periodic(database, [Job("shaky", 0.01, fail, shared=False)])
    jobs.start()
    wait_until(lambda: len(calls) >= 10)  # its tenth failure would be minutes away otherwise
    jobs.stop()


def test_a_job_hears_that_the_daemon_ends(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(periodic, "END_PATIENCE", PATIENCE)
    begun = threading.Event()

    def work(stopping: threading.Event) -> None:
        begun.set()
        assert stopping.wait(PATIENCE)

    jobs = Periodic(database, [Job("long", 3600, work)])
    jobs.start()
    assert begun.wait(PATIENCE)
    jobs.stop()
    assert not any(thread.name == "long" for thread in threading.enumerate())


def service(tmp_path: Path, database: Database, **provider: Any) -> Service:
    queue = Queue(database)
    config = accel.Config.from_dict({"provider": provider})
    return Service(config, database, queue, GroupCommit(queue), History(database))


def test_the_collector_goes_below_the_mark_and_counts(tmp_path: Path, database: Database) -> None:
    store = accel.Store(tmp_path / "work")
    for number in range(10):
        store.add(f"{number}".encode() * 100_000)
    made = service(tmp_path, database, work_dir=str(tmp_path / "work"), gcpolicy={"threshold": "500KB"})
    try:
        before = store.usage().blobs
        collect(made)
        assert store.usage().total_bytes <= 200_000
        totals = counters.totals(database)
        assert totals["evicted_blobs", ""] == before - store.usage().blobs > 0
        assert totals["evicted_bytes", ""] >= 100_000
    finally:
        made.group.close()


def test_what_is_done_again_and_again(tmp_path: Path, database: Database) -> None:
    made = service(tmp_path, database)
    try:
        jobs = make_jobs(made)
        for job in jobs:
            job.run(threading.Event())
    finally:
        made.group.close()
    assert {job.name for job in jobs} >= {"reap", "retention", "collect"}
    assert len({job.name for job in jobs}) == len(jobs)
