"""Requests that arrive together share a commit, and nothing else."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from sqlalchemy.exc import SQLAlchemyError

from acceld.errors import QueueUnavailable
from acceld.tasks import group as module
from acceld.tasks.db import Database, open_database
from acceld.tasks.group import GroupCommit
from acceld.tasks.history import Filter, History
from acceld.tasks.model import Admission, NewTask, SkippedEvent, State, Ticket
from acceld.tasks.queue import Queue
from tests.python.acceld.tasks.conftest import NewUrl


def new(key: str) -> NewTask:
    return NewTask("convert", key, "h.io", source=f"h.io/{key}:1", asker=f"event {key}", once=True)


@pytest.fixture
def database(new_url: NewUrl) -> Iterator[Database]:
    opened = open_database(new_url())
    yield opened
    opened.close()


def test_every_request_gets_its_own_answer(database: Database) -> None:
    group = GroupCommit(Queue(database))
    answers = [group.put([new(str(number)), NewTask("convert", "shared", "h.io")]) for number in range(50)]
    skipped = group.put([], [SkippedEvent("h.io/x:1", "h.io", "a signature")])
    group.close()
    tickets = [answer.result(0) for answer in answers]
    assert len({own.task_id for own, _ in tickets}) == 50
    assert len({shared.task_id for _, shared in tickets}) == 1
    assert [shared.admission for _, shared in tickets].count(Admission.CREATED) == 1
    assert skipped.result(0) == []
    assert len(History(database).page(Filter(states=[State.SKIPPED])).tasks) == 1


def test_a_request_that_cannot_be_stored_harms_no_other(database: Database) -> None:
    group = GroupCommit(Queue(database))
    good = [group.put([new(str(number))]) for number in range(5)]
    bad = group.put([NewTask("convert", "bad", None)])  # type: ignore[arg-type]
    good += [group.put([new(str(number))]) for number in range(5, 10)]
    group.close()
    assert [answer.result(0)[0].admission for answer in good] == [Admission.CREATED] * 10
    with pytest.raises(SQLAlchemyError):
        bad.result(0)


def test_more_than_can_wait_are_refused(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 3)
    queue = Queue(database)
    entered, go_on = threading.Event(), threading.Event()
    put = queue.put

    def slow(tasks: list[NewTask], skipped: list[SkippedEvent]) -> list[Ticket]:
        entered.set()
        go_on.wait(30)
        return put(tasks, skipped)

    monkeypatch.setattr(queue, "put", slow)
    group = GroupCommit(queue)
    answers = [group.put([new("first")])]
    entered.wait(30)
    answers += [group.put([new(str(number))]) for number in range(3)]
    with pytest.raises(QueueUnavailable, match="3 requests wait"):
        group.put([new("too many")])
    go_on.set()
    group.close()
    assert all(answer.result(0) for answer in answers)


def test_a_thousand_requests_a_second(database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    """Two seconds of it; the figures are printed, only that nothing is lost is a rule."""
    group = GroupCommit(Queue(database))
    took: list[float] = []

    def sender(first: int) -> None:
        start = time.perf_counter()
        for number in range(100):
            wait = start + number / 50 - time.perf_counter()
            if wait > 0:
                time.sleep(wait)
            began = time.perf_counter()
            assert group.put([new(f"{first}-{number}")]).result(180)[0].admission is Admission.CREATED
            took.append(time.perf_counter() - began)

    threads = [threading.Thread(target=sender, args=(index,)) for index in range(20)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - start
    group.close()
    assert len(took) == History(database).count() == 2000
    took.sort()
    with capsys.disabled():
        print(
            f"\n{database.name}: 2000 requests in {seconds:.1f} s, each stored in {took[1000] * 1000:.0f} ms (median), "
            f"{took[1980] * 1000:.0f} ms (p99)",
            end="",
        )
