"""A worker that waits hears of a new task."""

from __future__ import annotations

import threading
import time

from acceld.tasks.db import open_database
from acceld.tasks.model import NewTask
from acceld.tasks.queue import Queue
from acceld.tasks.wakeup import SQLITE_POLL
from tests.python.acceld.tasks.conftest import NewUrl
from tests.support.postgresql import PostgreSQL


def new(key: str) -> NewTask:
    return NewTask("convert", key, "h.io")


def test_a_new_task_wakes_the_workers_of_the_process(new_url: NewUrl) -> None:
    database = open_database(new_url())
    queue = Queue(database)
    with queue.wakeup.listener("convert") as listener:
        queue.put([new("before")])
        assert listener.wait(10)
        start = time.monotonic()
        assert not listener.wait(0.1)
        assert 0.05 < time.monotonic() - start < 5
        queue.put([new("before")])  # joined: nothing new to take
        assert not listener.wait(0.1)
        caller = threading.Timer(0.1, queue.put, [[new("while waiting")]])
        caller.start()
        # SQLite's listeners give up earlier, to look for tasks of other processes.
        assert any(listener.wait(10) for _ in range(round(10 / SQLITE_POLL)))
        caller.join()
    database.close()


def test_tasks_of_another_kind_wake_nobody(new_url: NewUrl) -> None:
    database = open_database(new_url())
    queue = Queue(database)
    with queue.wakeup.listener("reconcile") as listener:
        queue.put([new("a")])
        assert not listener.wait(0.2)
        queue.put([new("b"), NewTask("reconcile", "c", "")])
        assert listener.wait(10)
        queue.wakeup.call()  # everybody
        assert listener.wait(10)
    database.close()


def test_a_new_task_wakes_the_workers_of_other_processes(postgresql: PostgreSQL) -> None:
    url = postgresql.new_database()
    here, there = open_database(url), open_database(url)
    with Queue(there).wakeup.listener("convert") as listener:
        start = time.monotonic()
        Queue(here).put([new("a")])
        assert listener.wait(30)
        assert time.monotonic() - start < 10
    here.close()
    there.close()


def test_a_restart_of_the_server_ends_a_wait_and_the_next_one_hears_again(postgresql: PostgreSQL) -> None:
    database = open_database(postgresql.new_database())
    queue = Queue(database)
    with queue.wakeup.listener("convert") as listener:
        postgresql.restart()
        assert not listener.wait(5)
        assert not listener.wait(0.1)  # connects again
        queue.put([new("a")])
        assert listener.wait(30)
    database.close()
