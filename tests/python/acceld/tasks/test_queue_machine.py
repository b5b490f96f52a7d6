"""Any order of calls: a model of the queue in plain Python says what each must return."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import Connection, Table, delete

from acceld.tasks.db import Database, open_database
from acceld.tasks.history import History
from acceld.tasks.model import Beat, Claim, Failure, LaneLimit, Limits, NewTask, State
from acceld.tasks.queue import Queue
from acceld.tasks.schema import metadata
from tests.python.acceld.tasks.conftest import HandClock, NewUrl

LEASE = 30.0
LIMIT = 2  # running in a lane
ATTEMPTS = 3


@dataclass
class Known:
    """A task as the model has it."""

    id: str
    key: str
    lane: str
    number: int
    joins_running: bool
    exclusive: str | None
    priority: int
    state: State = State.QUEUED
    open: bool = True
    due: float = 0.0
    attempt: int = 0
    lease: float = 0.0
    token: str = ""
    cancel: bool = False


@dataclass
class Model:
    """All tasks of one run."""

    tasks: list[Known] = field(default_factory=list)

    def where(self, *states: State) -> list[Known]:
        return [task for task in self.tasks if task.state in states]

    def may_start(self, now: float) -> list[Known]:
        running = self.where(State.RUNNING)
        busy = [task.lane for task in running]
        held = {task.exclusive for task in running}
        found = [
            task
            for task in self.where(State.QUEUED)
            if task.due <= now
            and busy.count(task.lane) < LIMIT
            and (task.exclusive is None or task.exclusive not in held)
        ]
        return sorted(found, key=lambda task: (-task.priority, task.due, task.number))


def empty(database: Database, table: Table) -> None:
    def work(connection: Connection) -> None:
        connection.execute(delete(table))

    database.write(work)


def machine(database: Database, clock: HandClock) -> type[RuleBasedStateMachine]:
    """A machine for one database; each run begins with empty tables."""

    class QueueMachine(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            for table in metadata.sorted_tables:
                if table.name != "schema_version":
                    empty(database, table)
            self.model = Model()
            self.claims: list[Claim] = []  # also those that are void by now
            self.queue = Queue(database, lease=LEASE, limits=Limits(LaneLimit(running=LIMIT)), chance=lambda: 0.0)
            self.history = History(database)

        def held(self, claim: Claim) -> Known | None:
            return next((task for task in self.model.where(State.RUNNING) if task.token == claim.token), None)

        def end(self, task: Known, state: State) -> None:
            task.state, task.open = state, False

        def requeue(self, task: Known, due: float) -> None:
            task.state, task.due, task.token, task.cancel = State.QUEUED, due, "", False

        @rule(
            key=st.sampled_from("abcd"),
            lane=st.sampled_from("xy"),
            joins=st.booleans(),
            priority=st.sampled_from([0, 0, 3]),
        )
        def put(self, key: str, lane: str, joins: bool, priority: int) -> None:
            open_task = next((task for task in self.model.tasks if task.open and task.key == key), None)
            new = NewTask(
                "convert",
                key,
                lane,
                joins_running=joins,
                exclusive=None if key == "d" else key,
                priority=priority,
                max_attempts=ATTEMPTS,
            )
            (ticket,) = self.queue.put([new])
            if open_task:
                assert ticket.task_id == open_task.id
                if open_task.state is State.QUEUED:
                    open_task.priority = max(open_task.priority, priority)
                return
            assert ticket.task_id not in {task.id for task in self.model.tasks}
            number = len(self.model.tasks)
            known = Known(ticket.task_id, key, lane, number, joins, new.exclusive, priority, due=clock.seconds)
            self.model.tasks.append(known)

        @rule()
        def take(self) -> None:
            able = self.model.may_start(clock.seconds)
            claim = self.queue.take("worker")
            if not able:
                assert claim is None
                return
            assert claim is not None
            assert claim.id == able[0].id
            task = able[0]
            task.state, task.token, task.lease = State.RUNNING, claim.token, clock.seconds + LEASE
            task.attempt += 1
            task.open = task.joins_running
            assert claim.task.attempt == task.attempt
            self.claims.append(claim)

        @precondition(lambda self: self.claims)
        @rule(data=st.data())
        def beat(self, data: Any) -> None:
            claim = data.draw(st.sampled_from(self.claims))
            task = self.held(claim)
            expected = Beat.LOST if task is None else Beat.CANCEL if task.cancel else Beat.OK
            assert self.queue.listen([claim]) == [expected]
            assert self.queue.beat(claim) is expected
            if task:
                task.lease = clock.seconds + LEASE

        @precondition(lambda self: self.claims)
        @rule(data=st.data())
        def done(self, data: Any) -> None:
            claim = data.draw(st.sampled_from(self.claims))
            task = self.held(claim)
            before = [known for known in self.model.where(State.DONE) if known.token == claim.token]
            assert self.queue.done(claim) == (task is not None or bool(before))
            if task:
                self.end(task, State.DONE)

        @precondition(lambda self: self.claims)
        @rule(data=st.data(), retryable=st.booleans())
        def fail(self, data: Any, retryable: bool) -> None:
            claim = data.draw(st.sampled_from(self.claims))
            task = self.held(claim)
            got = self.queue.fail(claim, Failure("x", retryable=retryable))
            if task is None:
                assert got is None
            elif task.cancel:
                assert got is State.CANCELLED
                self.end(task, State.CANCELLED)
            elif retryable and task.attempt < ATTEMPTS:
                assert got is State.QUEUED
                self.requeue(task, clock.seconds + 2.5 * 2 ** (task.attempt - 1))
            else:
                assert got is State.FAILED
                self.end(task, State.FAILED)

        @precondition(lambda self: self.claims)
        @rule(data=st.data())
        def release(self, data: Any) -> None:
            claim = data.draw(st.sampled_from(self.claims))
            task = self.held(claim)
            got = self.queue.release(claim)
            if task is None:
                assert got is None
            elif task.cancel:
                self.end(task, State.CANCELLED)
            else:
                task.attempt -= 1
                self.requeue(task, clock.seconds)

        @precondition(lambda self: self.model.tasks)
        @rule(data=st.data())
        def cancel(self, data: Any) -> None:
            task = data.draw(st.sampled_from(self.model.tasks))
            state = self.queue.cancel(task.id)
            if task.state is State.QUEUED:
                self.end(task, State.CANCELLED)
            elif task.state is State.RUNNING:
                task.cancel = True
            assert state is task.state

        @precondition(lambda self: self.model.tasks)
        @rule(data=st.data())
        def retry(self, data: Any) -> None:
            task = data.draw(st.sampled_from(self.model.tasks))
            got = self.queue.retry(task.id)
            if task.state is State.QUEUED:
                task.due = clock.seconds
            elif task.state is not State.RUNNING:
                rival = next((other for other in self.model.tasks if other.open and other.key == task.key), None)
                if rival:
                    assert got == rival.id
                    return
                self.requeue(task, clock.seconds)
                task.open, task.attempt = True, 0
            assert got == task.id

        @rule()
        def reap(self) -> None:
            expired = [task for task in self.model.where(State.RUNNING) if task.lease < clock.seconds]
            assert self.queue.reap() == [task.id for task in expired]
            for task in expired:
                if task.cancel:
                    self.end(task, State.CANCELLED)
                elif task.attempt >= ATTEMPTS:
                    self.end(task, State.FAILED)
                else:
                    self.requeue(task, clock.seconds)

        @rule()
        def all_workers_die(self) -> None:
            clock.advance(LEASE + 1)
            self.reap()

        @rule(seconds=st.sampled_from([1.0, 11.0, 31.0]))
        def wait(self, seconds: float) -> None:
            clock.advance(seconds)

        @invariant()
        def every_task_is_where_the_model_has_it(self) -> None:
            found = {task.id: task.state for task in self.history.page(size=1000).tasks}
            assert found == {task.id: task.state for task in self.model.tasks}

        @invariant()
        def nothing_runs_beyond_its_limits(self) -> None:
            running = self.model.where(State.RUNNING)
            for lane in "xy":
                assert sum(task.lane == lane for task in running) <= LIMIT
            held = [task.exclusive for task in running if task.exclusive]
            assert len(held) == len(set(held))

    return QueueMachine


def test_the_queue_does_what_the_model_says(new_url: NewUrl, clock: HandClock) -> None:
    database = open_database(new_url(), clock=clock)
    try:
        run_state_machine_as_test(
            machine(database, clock),
            settings=settings(
                max_examples=80,
                stateful_step_count=60,
                deadline=None,
                derandomize=True,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        database.close()
