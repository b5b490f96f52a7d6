"""The queue: put, take, beat, done, fail, cancel, retry, reap. docs/queue.md draws the states and says what holds.

Every method is one transaction; what it returns is on disk. All may be called from any thread and any machine.
"""

from __future__ import annotations

import random
import uuid
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, func, select, update
from sqlalchemy.exc import IntegrityError

from acceld.errors import TaskNotFound, TaskSkipped
from acceld.tasks import admission, backoff, counters
from acceld.tasks.choice import next_task
from acceld.tasks.db import Database, in_state, is_open
from acceld.tasks.model import (
    SERVICE_LANE,
    Admission,
    Beat,
    Claim,
    Failure,
    Limits,
    NewTask,
    SkippedEvent,
    State,
    Ticket,
)
from acceld.tasks.records import to_json, to_task
from acceld.tasks.schema import lane, task
from acceld.tasks.wakeup import Wakeup

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

DEFAULT_LEASE = 30.0  # seconds a worker may be silent; it beats three times as often

# A task that nobody holds.
_FREE: Mapping[str, Any] = {"token": None, "worker": "", "lease": None, "cancel_requested": False}


class Queue:
    """Tasks in a database.

    Attributes:
        limits: What each lane is asked to bear; may be replaced while the queue is used.
        wakeup: Tells workers of new tasks.
    """

    def __init__(
        self,
        database: Database,
        *,
        limits: Limits | None = None,
        lease: float = DEFAULT_LEASE,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Uses `database`, which stays the caller's.

        Args:
            database: Where the tasks are.
            limits: Limits of the lanes; none by default.
            lease: Seconds after which a silent worker loses its task.
            chance: Random numbers in [0, 1) for the jitter of retries.
        """
        self.limits = limits or Limits()
        self._database = database
        self._lease = lease
        self._chance = chance
        self.wakeup = Wakeup(database)

    @property
    def lease(self) -> float:
        """Seconds after which a silent worker loses its task."""
        return self._lease

    @property
    def beat_interval(self) -> float:
        """Seconds between the beats of a worker."""
        return self._lease / 3

    # What askers call

    def put(self, tasks: Sequence[NewTask], skipped: Sequence[SkippedEvent] = ()) -> list[Ticket]:
        """Makes tasks, or finds the open ones that do the same work; one commit for all.

        Args:
            tasks: What is asked for.
            skipped: Events that need no work; they are kept where people can see them.

        Returns:
            A ticket for each task, in their order.
        """
        ids = [str(uuid.uuid4()) for _ in tasks]

        def work(connection: Connection) -> list[Ticket]:
            admission.record_skipped(self._database, connection, skipped)
            return admission.admit(self._database, connection, tasks, ids)

        tickets = self._database.write(work)
        created = {
            new.kind for new, ticket in zip(tasks, tickets, strict=True) if ticket.admission is Admission.CREATED
        }
        if created:
            self.wakeup.call(*created)
        return tickets

    def cancel(self, task_id: str) -> State:
        """A queued task ends now, of a running one the worker hears at its next beat; an ended one stays.

        Returns:
            The state after the call: RUNNING means that the worker has yet to stop.

        Raises:
            TaskNotFound: there is no such task.
        """

        def work(connection: Connection) -> State:
            row = self._locked(connection, task_id)
            if row.state == State.QUEUED:
                return self._end(connection, row, State.CANCELLED, error="cancelled before it started")
            if row.state == State.RUNNING:
                connection.execute(update(task).where(task.c.number == row.number).values(cancel_requested=True))
            return State(row.state)

        return self._database.write(work)

    def retry(self, task_id: str) -> str:
        """Queues an ended task again with all its attempts; one that waits for its next attempt may start now.

        Returns:
            The id of the task that does the work: another one when the same work is open already.

        Raises:
            TaskNotFound: there is no such task.
            TaskSkipped: the task is an event that was skipped.
        """

        def work(connection: Connection) -> str:
            row = self._locked(connection, task_id)
            if row.state == State.SKIPPED:
                raise TaskSkipped(f"{row.source} was skipped ({row.error}); create a task for it instead")
            if row.state == State.RUNNING:
                return task_id
            mine = update(task).where(task.c.number == row.number)
            if row.state == State.QUEUED:
                connection.execute(mine.values(due=self._database.now))
                return task_id
            again = {"state": State.QUEUED.value, "open": True, "due": self._database.now, "attempt": 0, **_FREE}
            again |= {"finished": None, "error": "", "progress": "{}", "result": "{}"}
            try:
                with connection.begin_nested():
                    connection.execute(mine.values(again))
                    counters.add(self._database, connection, {("queued", ""): 1})
            except IntegrityError:  # the same work was asked for meanwhile
                rival = select(task.c.id).where(task.c.key == row.key, is_open())
                return connection.execute(rival).scalar() or task_id
            return task_id

        found = self._database.write(work)
        self.wakeup.call()
        return found

    # What workers call

    def take(self, worker: str, kinds: Collection[str] = ()) -> Claim | None:
        """Takes the most urgent task that may run now.

        Args:
            worker: Who takes it, for people to read.
            kinds: Only tasks of these kinds; all by default.

        Returns:
            A claim whose lease runs, or None when there is nothing to do.
        """
        token = uuid.uuid4().hex

        def work(connection: Connection) -> Claim | None:
            self._database.lock(connection)
            # The answer to this very call may have been lost after its commit.
            mine = select(task).where(in_state(task.c.state, State.RUNNING), task.c.token == token)
            if row := connection.execute(mine).one_or_none():
                return Claim(to_task(row), token)
            number = next_task(self._database, connection, kinds, self._full_lanes(connection))
            if number is None:
                return None
            taken = (
                update(task)
                .where(task.c.number == number)
                .values(
                    state=State.RUNNING.value,
                    token=token,
                    worker=worker,
                    lease=self._database.now + self._lease,
                    attempt=task.c.attempt + 1,
                    started=self._database.now,
                    cancel_requested=False,
                    open=task.c.joins_running,
                    progress="{}",
                )
                .returning(*task.c)
            )
            row = connection.execute(taken).one()
            self._note_start(connection, row)
            return Claim(to_task(row), token)

        return self._database.write(work)

    def beat(self, claim: Claim, progress: Mapping[str, Any] | None = None) -> Beat:
        """Says that the worker is alive, extends its lease and shows how far it is."""
        return self.beat_all([(claim, progress)])[0]

    def beat_all(self, claims: Sequence[tuple[Claim, Mapping[str, Any] | None]]) -> list[Beat]:
        """`beat` for all tasks of a worker with their progress (None: as before), in one commit and in their order."""

        def work(connection: Connection) -> list[Beat]:
            answers = []
            for claim, progress in claims:
                shown = {} if progress is None else {"progress": to_json(progress)}
                alive = (
                    update(task)
                    .where(*self._held_by(claim))
                    .values(lease=self._database.now + self._lease, **shown)
                    .returning(task.c.cancel_requested)
                )
                answers.append(_answer(connection.execute(alive).scalar_one_or_none()))
            return answers

        return self._database.write(work)

    def listen(self, claims: Sequence[Claim]) -> list[Beat]:
        """What `beat` would answer, in the claims' order, without extending leases: it only reads.

        Cheap enough to be asked twice a second, so that a cancel reaches the native code within one.
        """
        tokens = [claim.token for claim in claims]

        def work(connection: Connection) -> list[Beat]:
            rows = connection.execute(
                select(task.c.token, task.c.cancel_requested).where(
                    in_state(task.c.state, State.RUNNING), task.c.token.in_(tokens)
                )
            )
            asked: dict[str | None, bool] = dict(rows.all())
            return [_answer(asked.get(token)) for token in tokens]

        return self._database.read(work)

    def done(
        self, claim: Claim, result: Mapping[str, Any] | None = None, counts: counters.Counts | None = None
    ) -> bool:
        """Ends a task well.

        Args:
            claim: What `take` gave.
            result: What came of it, kept with the task.
            counts: Added to the counters with it.

        Returns:
            False when the task is not this worker's any more: then nothing was written.
        """

        def work(connection: Connection) -> bool:
            row = self._held(connection, claim)
            if row is None:
                # The answer to this very call may have been lost.
                known = select(task.c.number).where(task.c.id == claim.id, task.c.token == claim.token)
                return connection.execute(known.where(task.c.state == State.DONE.value)).scalar() is not None
            counters.add(self._database, connection, counts or {})
            self._end(connection, row, State.DONE, result=to_json(result or {}))
            return True

        return self._database.write(work)

    def fail(self, claim: Claim, failure: Failure) -> State | None:
        """Ends an attempt badly: the task waits for the next one when that can help, else it has failed.

        Returns:
            QUEUED, FAILED or, if that had been asked for, CANCELLED; None when the task is not this worker's any more.
        """
        chance = self._chance()

        def work(connection: Connection) -> State | None:
            row = self._held(connection, claim)
            if row is None:
                return None
            if row.cancel_requested:
                return self._end(connection, row, State.CANCELLED, error="cancelled")
            if not failure.retryable:
                return self._end(connection, row, State.FAILED, error=failure.message)
            if row.attempt >= row.max_attempts:
                message = f"{failure.message} (attempt {row.attempt} of {row.max_attempts})"
                return self._end(connection, row, State.FAILED, error=message)
            wait = backoff.delay(row.attempt, failure.retry_after, chance)
            due = self._database.now + wait
            retried = {("retries", f"{row.lane} {failure.status}"): 1}
            return self._requeue(connection, row, retried, error=failure.message, due=due)

        return self._database.write(work)

    def release(self, claim: Claim) -> State | None:
        """Hands a task back unfinished, as a daemon that ends does; the attempt does not count.

        Returns:
            QUEUED or, if that had been asked for, CANCELLED; None when the task is not this worker's any more.
        """

        def work(connection: Connection) -> State | None:
            row = self._held(connection, claim)
            if row is None:
                return None
            if row.cancel_requested:
                return self._end(connection, row, State.CANCELLED, error="cancelled")
            return self._requeue(connection, row, {}, attempt=row.attempt - 1, due=self._database.now)

        state = self._database.write(work)
        self.wakeup.call()
        return state

    def cancelled(self, claim: Claim) -> bool:
        """Ends a task whose worker has stopped because `beat` said CANCEL; False when it is not this worker's."""

        def work(connection: Connection) -> bool:
            row = self._held(connection, claim)
            if row is not None:
                self._end(connection, row, State.CANCELLED, error="cancelled")
            return row is not None

        return self._database.write(work)

    # What any process calls from time to time

    def reap(self) -> list[str]:
        """Frees the tasks of silent workers: queued again, or failed when workers died with it too often.

        Returns:
            Their ids.
        """

        def work(connection: Connection) -> list[str]:
            expired = (
                select(task)
                .where(in_state(task.c.state, State.RUNNING), task.c.lease < self._database.now)
                .order_by(task.c.number)
                .with_for_update(skip_locked=True)
            )
            rows = list(connection.execute(expired))
            # In the order of what they are counted under: two transactions then wait for each other only one way round.
            rows.sort(key=lambda row: (not row.cancel_requested, row.attempt < row.max_attempts))
            for row in rows:
                if row.cancel_requested:
                    self._end(connection, row, State.CANCELLED, error="cancelled; its worker had died")
                elif row.attempt >= row.max_attempts:
                    times = f"{row.attempt} times" if row.attempt > 1 else "once"
                    text = f"the worker died {times}, at last {row.worker}; see its log for memory and crashes"
                    self._end(connection, row, State.FAILED, error=text)
                else:
                    text = f"worker {row.worker} went silent during attempt {row.attempt}"
                    self._requeue(connection, row, {}, error=text, due=self._database.now)
            counters.add(self._database, connection, {("reaped", ""): len(rows)})
            return [row.id for row in rows]

        freed = self._database.write(work)
        if freed:
            self.wakeup.call()
        return freed

    # Steps of the above

    def _full_lanes(self, connection: Connection) -> set[str]:
        """Lanes in which nothing may start now."""
        running = select(task.c.lane, func.count()).where(in_state(task.c.state, State.RUNNING)).group_by(task.c.lane)
        full = set()
        for name, count in connection.execute(running):
            most = self.limits.of(name).running
            if most is not None and count >= most:
                full.add(name)
        since = select(lane.c.name, (self._database.now - lane.c.last_start).label("elapsed"))
        for name, elapsed in connection.execute(since):
            rate = self.limits.of(name).per_minute
            if rate is not None and elapsed < 60 / rate:
                full.add(name)
        return full

    def _note_start(self, connection: Connection, row: Row[Any]) -> None:
        counters.add(self._database, connection, {("starts", row.lane): 1, ("queued", ""): -1})
        if self.limits.of(row.lane).per_minute is None:
            return
        statement = self._database.insert(lane).values(name=row.lane, last_start=row.started)
        connection.execute(
            statement.on_conflict_do_update(index_elements=[lane.c.name], set_={"last_start": row.started})
        )

    def _locked(self, connection: Connection, task_id: str) -> Row[Any]:
        row = connection.execute(select(task).where(task.c.id == task_id).with_for_update()).one_or_none()
        if row is None:
            raise TaskNotFound(f"there is no task {task_id}; it may have been removed after its retention time")
        return row

    def _held_by(self, claim: Claim) -> tuple[Any, ...]:
        return task.c.id == claim.id, task.c.token == claim.token, in_state(task.c.state, State.RUNNING)

    def _held(self, connection: Connection, claim: Claim) -> Row[Any] | None:
        return connection.execute(select(task).where(*self._held_by(claim)).with_for_update()).one_or_none()

    def _end(self, connection: Connection, row: Row[Any], state: State, **values: Any) -> State:
        """The token stays with the task, so that `done` knows itself again."""
        ended = {"state": state.value, "open": False, "lease": None, "finished": self._database.now, "error": ""}
        connection.execute(update(task).where(task.c.number == row.number).values({**ended, **values}))
        waited = 1 if row.state == State.QUEUED else 0
        conversion = 1 if row.lane != SERVICE_LANE else 0
        counters.add(self._database, connection, {("ended", state.value): conversion, ("queued", ""): -waited})
        return state

    def _requeue(self, connection: Connection, row: Row[Any], counts: counters.Counts, **values: Any) -> State:
        counters.add(self._database, connection, {**counts, ("queued", ""): 1})
        queued = {"state": State.QUEUED.value, **_FREE}
        connection.execute(update(task).where(task.c.number == row.number).values({**queued, **values}))
        return State.QUEUED


def _answer(cancel_requested: bool | None) -> Beat:
    """None stands for a task that is not the worker's any more."""
    if cancel_requested is None:
        return Beat.LOST
    return Beat.CANCEL if cancel_requested else Beat.OK
