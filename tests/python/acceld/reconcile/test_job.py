"""Reconciliations as tasks: put on demand and by schedule, carried out once, cancelled, handed on."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

import accel
from acceld.reconcile import job
from acceld.reconcile.job import Reconciler, new_task, schedules
from acceld.reconcile.pattern import Pattern
from acceld.tasks.db import open_database
from acceld.tasks.history import Filter, History
from acceld.tasks.model import SERVICE_LANE, Admission, State, Task
from acceld.tasks.schedule import tick
from acceld.tasks.settings import make_queue, queue_url
from tests.python.acceld.tasks.conftest import HandClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.python.acceld.reconcile.conftest import Filled

PATIENCE = 90.0  # seconds; a busy machine needs some


class Daemon:
    """A queue and the reconciler of one daemon."""

    def __init__(self, config: accel.Config) -> None:
        self.config = config
        self.database = open_database(queue_url(config))
        self.queue = make_queue(config, self.database)
        self.history = History(self.database)
        self.reconciler = Reconciler(config, self.database, self.queue, self.history)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        self.reconciler.start()
        try:
            yield
        finally:
            self.reconciler.stop()
            self.database.close()

    def ask(self, pattern: str = "**", *, dry_run: bool = False) -> str:
        (ticket,) = self.queue.put([new_task(Pattern.parse(pattern), dry_run=dry_run)])
        return ticket.task_id

    def until(self, task_id: str, holds: Callable[[Task], bool]) -> Task:
        deadline = time.monotonic() + PATIENCE
        while True:
            task = self.history.get(task_id)
            if holds(task):
                return task
            assert time.monotonic() < deadline, task
            time.sleep(0.02)


def slow(filled: Filled) -> accel.Config:
    """An hour an image: who waits for the end waits for ever."""
    return filled.config(reconciliation={"rate": 1 / 3600})


def test_a_reconciliation_queues_and_reports(filled: Filled) -> None:
    daemon = Daemon(filled.config())
    with daemon.running():
        first = daemon.until(daemon.ask(), lambda task: task.state is State.DONE)
        assert (first.result["queued"], first.result["fresh"], first.result["joined"]) == (3, 1, 0)
        again = daemon.until(daemon.ask(), lambda task: task.state is State.DONE)
        assert (again.result["queued"], again.result["joined"]) == (0, 3)
        assert again.id != first.id
        text = [line.message for line in daemon.history.log(first.id)]
        assert text[0] == "reconciliation of **"
        assert "3 queued" in text[-1]
        # Neither listed nor counted among conversions.
        assert {task.lane for task in daemon.history.page().tasks} == {filled.host}
        assert [task.id for task in daemon.history.page(Filter(lane=SERVICE_LANE)).tasks] == [again.id, first.id]


def test_the_same_one_is_asked_for_once_and_a_dry_run_is_another() -> None:
    config = accel.Config.from_dict({})
    pattern = Pattern.parse("h.example/**")
    real, dry = new_task(pattern, dry_run=False), new_task(pattern, dry_run=True)
    assert real.key != dry.key
    assert real.exclusive == dry.exclusive
    assert schedules(config) == []


def test_a_cancel_ends_it_within_a_second_or_so(filled: Filled) -> None:
    daemon = Daemon(slow(filled))
    with daemon.running():
        task_id = daemon.ask()
        daemon.until(task_id, lambda task: task.progress.get("images", 0) >= 2)
        daemon.queue.cancel(task_id)
        ended = daemon.until(task_id, lambda task: task.state is State.CANCELLED)
        assert ended.error == "cancelled"


def test_a_daemon_that_ends_hands_it_to_another(filled: Filled) -> None:
    daemon = Daemon(slow(filled))
    with daemon.running():
        task_id = daemon.ask()
        daemon.until(task_id, lambda task: task.state is State.RUNNING)
    other = Daemon(filled.config())
    assert other.history.get(task_id).state is State.QUEUED
    with other.running():
        task = other.until(task_id, lambda task: task.state is State.DONE)
        # The first one had put what it saw.
        assert (task.attempt, task.result["queued"] + task.result["joined"]) == (1, 3)


def test_two_daemons_do_one_at_a_time(filled: Filled) -> None:
    first, second = Daemon(slow(filled)), Daemon(slow(filled))
    with first.running(), second.running():
        one, two = first.ask(), first.ask(f"{filled.host}/team/**")
        running = {one, two}
        deadline = time.monotonic() + PATIENCE
        while not any(first.history.get(task_id).state is State.RUNNING for task_id in running):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert second.queue.take("another", [job.RECONCILE]) is None
        states = sorted(first.history.get(task_id).state for task_id in running)
        assert states == [State.QUEUED, State.RUNNING]


def test_a_schedule_puts_one_for_all_daemons(filled: Filled) -> None:
    config = filled.config(reconciliation={"schedule": "0 3 * * *"})
    clock = HandClock()
    databases = [open_database(queue_url(config), clock=clock) for _ in range(2)]
    try:
        assert [tick(database, schedules(config)) for database in databases] == [[], []]
        clock.advance(86400)
        assert [tick(database, schedules(config)) for database in databases] == [[job.RECONCILE], []]
        claim = make_queue(config, databases[1]).take("w", [job.RECONCILE])
        assert claim
        assert claim.task.arguments == {"pattern": "**", "dry_run": False}
    finally:
        for database in databases:
            database.close()


def test_a_time_that_never_comes_is_refused_at_the_start() -> None:
    config = accel.Config.from_dict({"reconciliation": {"schedule": "0 0 31 2 *"}})
    with pytest.raises(accel.ConfigError, match=r"reconciliation\.schedule: .* is no time"):
        job.check_schedules(config)


def test_a_broken_task_fails_and_the_next_one_is_done(filled: Filled) -> None:
    daemon = Daemon(filled.config())
    with daemon.running():
        broken: dict[str, Any] = {"pattern": "", "dry_run": False}
        task = new_task(Pattern.parse("h.example/**"), dry_run=False)
        (ticket,) = daemon.queue.put([type(task)(**{**vars(task), "arguments": broken})])
        assert ticket.admission is Admission.CREATED
        failed = daemon.until(ticket.task_id, lambda task: task.state is State.FAILED)
        assert "no pattern" in failed.error
        daemon.until(daemon.ask(), lambda task: task.state is State.DONE)


def test_no_thread_stays(filled: Filled) -> None:
    before = threading.active_count()
    daemon = Daemon(slow(filled))
    with daemon.running():
        daemon.until(daemon.ask(), lambda task: task.state is State.RUNNING)
    assert threading.active_count() == before
