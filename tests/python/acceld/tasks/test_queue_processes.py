"""Processes that are killed or frozen, and threads that all want the same: on both databases, with their own clocks."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from acceld.tasks import counters
from acceld.tasks.db import open_database
from acceld.tasks.history import Filter, History
from acceld.tasks.model import Admission, LaneLimit, Limits, NewTask, State, Ticket
from acceld.tasks.queue import Queue
from tests.python.acceld.tasks.conftest import NewUrl
from tests.support.postgresql import PostgreSQL

WORKER = Path(__file__).with_name("queue_worker.py")
LEASE = 1.5
WORK = 0.4
PATIENCE = 180.0  # seconds; a busy machine needs some


class Crew:
    """Worker processes on one queue, and their journal."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.journal = folder / "journal"
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str) -> None:
        arguments = [self.url, str(self.journal), name, str(LEASE), str(WORK)]
        self.running[name] = subprocess.Popen([sys.executable, str(WORKER), *arguments], stderr=subprocess.PIPE)

    def entries(self) -> list[tuple[float, str, str, str]]:
        lines = self.journal.read_text(encoding="utf-8").splitlines() if self.journal.exists() else []
        found = []
        for line in lines:
            at, event, task, name = line.split()
            found.append((float(at), event, task, name))
        return found

    def wait_for(self, condition: Callable[[list[tuple[float, str, str, str]]], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition(self.entries()):
            assert time.monotonic() < deadline, self.entries()
            time.sleep(0.02)

    def stop(self, name: str, number: int, history: History) -> str:
        """Sends a signal while the worker is in the middle of a task; gives the task."""
        while True:
            self.wait_for(lambda entries: [entry[1] for entry in entries if entry[3] == name][-1:] == ["start"])
            os.kill(self.running[name].pid, number)
            running = history.page(Filter(states=[State.RUNNING])).tasks
            if held := [task.id for task in running if task.worker == name]:
                return held[0]
            # It had just finished; the journal does not say so yet.
            if number == signal.SIGKILL:
                self.running[name].communicate()
                self.start(name)
            else:
                os.kill(self.running[name].pid, signal.SIGCONT)
            time.sleep(0.2)

    def wait_for_takeover(self, task: str, before: str) -> None:
        """Until another worker has begun the task."""
        self.wait_for(lambda entries: any(entry[1:3] == ("start", task) and entry[3] != before for entry in entries))


@contextlib.contextmanager
def crew(url: str, folder: Path, *names: str) -> Iterator[Crew]:
    workers = Crew(url, folder)
    try:
        for name in names:
            workers.start(name)
        yield workers
    finally:
        for process in workers.running.values():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
            process.communicate()


def test_tasks_of_killed_and_frozen_workers_are_taken_over_and_none_is_lost_or_done_twice(
    new_url: NewUrl, tmp_path: Path
) -> None:
    url = new_url()
    database = open_database(url)
    history = History(database)
    tickets = Queue(database).put([NewTask("convert", str(number), "h.io", max_attempts=20) for number in range(24)])
    with crew(url, tmp_path, "killed", "frozen", "steady") as workers:
        abandoned = workers.stop("killed", signal.SIGKILL, history)
        killed_at = time.monotonic()
        held = workers.stop("frozen", signal.SIGSTOP, history)
        workers.wait_for_takeover(abandoned, "killed")
        assert time.monotonic() - killed_at < 60, "a dead worker's task waits too long"
        workers.wait_for_takeover(held, "frozen")
        os.kill(workers.running["frozen"].pid, signal.SIGCONT)
        workers.start("second")
        workers.wait_for(lambda entries: sum(event == "done" for _, event, _, _ in entries) >= len(tickets))
        workers.wait_for(lambda entries: ("lost", held, "frozen") in [entry[1:] for entry in entries])
    entries = workers.entries()
    done = Counter(task for _, event, task, _ in entries if event == "done")
    assert done == Counter({ticket.task_id: 1 for ticket in tickets})
    page = history.page(Filter(states=[State.DONE]))
    assert len(page.tasks) == len(tickets)
    assert counters.totals(database)["ended", "done"] == len(tickets)
    # Nobody was killed between `done` and its note, so the database and the journal agree on who did what.
    assert {task.id: task.result["by"] for task in page.tasks} == {
        task: who for _, event, task, who in entries if event == "done"
    }
    database.close()


def test_workers_outlive_restarts_of_the_server(postgresql: PostgreSQL, tmp_path: Path) -> None:
    database = open_database(postgresql.new_database())
    tickets = Queue(database).put([NewTask("convert", str(number), "h.io", max_attempts=20) for number in range(15)])
    url = database._engine.url.render_as_string()
    with crew(url, tmp_path, "one", "two", "three") as workers:
        for done in (3, 8):
            workers.wait_for(lambda entries, done=done: [entry[1] for entry in entries].count("done") >= done)  # type: ignore[misc]
            postgresql.restart()
        workers.wait_for(lambda entries: [entry[1] for entry in entries].count("done") >= len(tickets))
    done_by_task = Counter(task for _, event, task, _ in workers.entries() if event == "done")
    assert done_by_task == Counter({ticket.task_id: 1 for ticket in tickets})
    assert counters.totals(database)["ended", "done"] == len(tickets)
    database.close()


def test_daemons_that_get_the_same_events_at_once_make_each_task_once(new_url: NewUrl) -> None:
    url = new_url()
    databases = [open_database(url) for _ in range(3)]
    rounds = 25

    def deliver(index: int) -> list[Ticket]:
        queue = Queue(databases[index % 3])
        tickets = []
        for number in range(rounds):
            # Batches that overlap, in different orders, while others end the tasks.
            keys = [f"{number}-{part}" for part in range(8)]
            keys = keys[index:] + keys[:index] if index % 2 else keys[::-1]
            tickets += queue.put([NewTask("convert", key, "h.io", asker=f"event {key}", once=True) for key in keys])
            if claim := queue.take(f"w{index}"):
                queue.done(claim)
        return tickets

    with ThreadPoolExecutor(6) as pool:
        tickets = [ticket for batch in pool.map(deliver, range(6)) for ticket in batch]
    created = [ticket.task_id for ticket in tickets if ticket.admission is Admission.CREATED]
    assert len(created) == len(set(created)) == rounds * 8
    assert {ticket.task_id for ticket in tickets} == set(created)
    assert History(databases[0]).count() == rounds * 8
    for database in databases:
        database.close()


def test_many_takers_never_exceed_a_lane_and_take_each_task_once(
    new_url: NewUrl, capsys: pytest.CaptureFixture[str]
) -> None:
    lanes = {"a": 1, "b": 2, "c": 3, "d": 50}
    limits = Limits(lanes={name: LaneLimit(running=most) for name, most in lanes.items()})
    url = new_url()
    databases = [open_database(url) for _ in range(3)]  # as three daemons have them
    tasks = [
        NewTask("convert", f"{lane}{number}", lane, exclusive=f"{lane}{number % 10}")
        for lane in lanes
        for number in range(40)
    ]
    started = time.monotonic()
    Queue(databases[0]).put(tasks)
    put_seconds = time.monotonic() - started
    running: Counter[str] = Counter()
    taken: Counter[str] = Counter()
    faults: list[str] = []
    guard = threading.Lock()

    def work(index: int) -> None:
        queue = Queue(databases[index % 3], limits=limits)
        while sum(taken.values()) < len(tasks):
            claim = queue.take(f"thread {index}")
            if claim is None:
                time.sleep(0.005)
                continue
            with guard:
                taken[claim.id] += 1
                running[claim.task.lane] += 1
                if running[claim.task.lane] > lanes[claim.task.lane]:
                    faults.append(f"{claim.task.lane}: {running[claim.task.lane]} at a time")
            time.sleep(0.002)
            with guard:
                running[claim.task.lane] -= 1
            if not queue.done(claim):
                faults.append(f"{claim.id} was lost")

    started = time.monotonic()
    threads = [threading.Thread(target=work, args=(index,)) for index in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.monotonic() - started
    assert faults == []
    assert set(taken.values()) == {1}
    assert len(taken) == len(tasks)
    assert counters.totals(databases[0])["ended", "done"] == len(tasks)
    with capsys.disabled():
        print(
            f"\n{databases[0].name}: {len(tasks) / put_seconds:.0f} tasks put a second in one commit, "
            f"{len(tasks) / seconds:.0f} taken and done a second by {len(threads)} threads",
            end="",
        )
    for database in databases:
        database.close()
