"""Pages, logs and retention."""

from __future__ import annotations

import time
from typing import Any

import pytest

from acceld.tasks import history as module
from acceld.tasks.db import Database, open_database
from acceld.tasks.history import Filter, History, LogLine
from acceld.tasks.model import Failure, NewTask, State
from acceld.tasks.queue import Queue
from tests.python.acceld.tasks.conftest import HandClock, NewUrl
from tests.support.many_tasks import fill


def new(key: str, **values: Any) -> NewTask:
    return NewTask(**{"kind": "convert", "key": key, "lane": "h.io", "source": f"h.io/team/{key}:1", **values})


def sources(tasks: Any) -> list[str]:
    return [task.source for task in tasks]


def test_pages_join_without_gap_or_repeat_while_tasks_arrive(queue: Queue, database: Database) -> None:
    queue.put([new(f"{number:02}") for number in range(25)])
    for _ in range(7):
        claim = queue.take("w")
        assert claim is not None
        queue.done(claim)
    history = History(database)
    seen: list[str] = []
    before = None
    while True:
        page = history.page(before=before, size=10)
        seen += sources(page.tasks)
        if page.next is None:
            break
        before = page.next
        queue.put([new(f"late-{before}")])
    assert seen == [f"h.io/team/{number:02}:1" for number in reversed(range(25))]


def test_filters_hold_together(queue: Queue, database: Database) -> None:
    for task in (new("a", profile="p"), new("b", profile="q"), new("a_b", lane="other.io", profile="p"), new("axb")):
        queue.put([task])
    claim = queue.take("w")
    assert claim is not None
    queue.fail(claim, Failure("no"))

    def shown(**conditions: Any) -> list[str]:
        return [task.key for task in History(database).page(Filter(**conditions)).tasks]

    assert shown() == ["axb", "a_b", "b", "a"]
    assert shown(states=[State.FAILED]) == ["a"]
    assert shown(states=[State.QUEUED, State.FAILED], profile="p") == ["a_b", "a"]
    assert shown(lane="h.io", states=[State.QUEUED]) == ["axb", "b"]
    assert shown(source="team/a_") == ["a_b"]  # no wildcard
    assert shown(source="%") == []


@pytest.mark.parametrize(("asked", "got"), [(0, 1), (-3, 1), (10**9, 5)])
def test_page_sizes_are_bounded(queue: Queue, database: Database, asked: int, got: int) -> None:
    queue.put([new(str(number)) for number in range(5)])
    assert len(History(database).page(size=asked).tasks) == got


def test_log_lines_come_in_order_and_from_a_place_on(queue: Queue, database: Database, clock: HandClock) -> None:
    (first, second) = queue.put([new("a"), new("b")])
    history = History(database)
    number = history.get(first.task_id).number
    history.append_log(number, [LogLine("info", "one"), LogLine("warning", "two")])
    history.append_log(number, [])
    clock.advance(1)
    history.append_log(number, [LogLine("info", "three")])
    lines = history.log(first.task_id)
    assert [(line.level, line.message) for line in lines] == [("info", "one"), ("warning", "two"), ("info", "three")]
    assert lines[2].at - lines[0].at == 1
    assert [line.message for line in history.log(first.task_id, after=lines[1].number)] == ["three"]
    assert history.log(second.task_id) == []


def test_of_a_long_log_the_newest_lines_stay(queue: Queue, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_LOG_LINES", 10)
    (ticket,) = queue.put([new("a")])
    history = History(database)
    number = history.get(ticket.task_id).number
    for start in (0, 7, 14):
        history.append_log(number, [LogLine("info", str(start + offset)) for offset in range(7)])
    assert [line.message for line in history.log(ticket.task_id)] == [str(line) for line in range(11, 21)]


def test_ended_tasks_go_after_their_time_with_all_that_belongs_to_them(
    queue: Queue, database: Database, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_CHUNK", 2)
    history = History(database)
    tickets = queue.put([new(str(number), asker="me") for number in range(6)])
    for _ in range(5):
        claim = queue.take("w")
        assert claim is not None
        history.append_log(claim.task.number, [LogLine("info", "x")])
        queue.done(claim)
    clock.advance(100)
    assert history.prune(101) == 0
    assert history.prune(99) == 5
    assert [task.id for task in history.page().tasks] == [tickets[5].task_id]
    assert history.log(tickets[0].task_id) == []
    assert history.askers(tickets[5].task_id) == ["me"]


def test_a_page_of_100_000_tasks_comes_quickly(new_url: NewUrl, capsys: pytest.CaptureFixture[str]) -> None:
    """The figures are printed; the bound is loose, so that only a lost index fails on a busy machine."""
    database = open_database(new_url())
    try:
        fill(database, 100_000)
        history = History(database)
        cases = {
            "newest": Filter(),
            "failed": Filter(states=[State.FAILED]),
            "queued": Filter(states=[State.QUEUED]),
            "lane and profile": Filter(lane="h3.io", profile="p1"),
            "text that is rare": Filter(source="rare-77777"),
            "text that is nowhere": Filter(source="nowhere"),
        }
        for name, wanted in cases.items():
            times = []
            for _ in range(30):
                start = time.perf_counter()
                page = history.page(wanted, before=60_000 if name == "newest" else None, size=50)
                times.append(time.perf_counter() - start)
            assert bool(page.tasks) == (name not in {"queued", "text that is nowhere"})
            worst = max(times)
            with capsys.disabled():
                print(f"\n{database.name}: {name}: worst of 30 pages {worst * 1000:.1f} ms", end="")
            assert sorted(times)[15] < 0.3
    finally:
        database.close()
