"""How requests become tasks: the same work once, the same delivery once, all askers remembered."""

from __future__ import annotations

import uuid
from collections import Counter
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Insert, bindparam, delete, select, update

from acceld.errors import QueueUnavailable
from acceld.tasks import counters
from acceld.tasks.db import Database, in_state, is_open
from acceld.tasks.model import Admission, NewTask, SkippedEvent, State, Ticket
from acceld.tasks.records import to_json
from acceld.tasks.schema import ask, task

if TYPE_CHECKING:
    from collections.abc import Sequence

# A task can end between "its key is taken" and "which one is it"; then the key is tried again.
_ROUNDS = 10


def admit(database: Database, connection: Connection, tasks: Sequence[NewTask], ids: Sequence[str]) -> list[Ticket]:
    """Makes or finds the task of each request, in the caller's transaction.

    `ids` are those for new tasks, chosen by the caller: when the transaction is repeated after its answer was lost,
    it finds what it made before.
    """
    tickets = _deliveries_seen(connection, tasks, ids)
    first: dict[str, int] = {}
    for index, new in enumerate(tasks):
        if index not in tickets:
            first.setdefault(new.key, index)
    found = _open_tasks(database, connection, {key: (tasks[index], ids[index]) for key, index in first.items()})
    # Another daemon may have got the same delivery, and ended its task, between our look and our insert.
    late = {index: ticket for index, ticket in _deliveries_seen(connection, tasks, ids).items() if index not in tickets}
    tickets |= late
    wanted = {new.key for index, new in enumerate(tasks) if index not in tickets}
    for index in late:
        if tasks[index].key not in wanted:
            connection.execute(delete(task).where(task.c.id == ids[index]))
    for index, new in enumerate(tasks):
        if index in tickets:
            continue
        task_id = found[new.key][1]
        admission = Admission.CREATED if task_id == ids[index] else Admission.JOINED
        tickets[index] = Ticket(task_id, admission)
        if admission is Admission.JOINED and new.priority > found[new.key][2]:
            raised = update(task).where(task.c.number == found[new.key][0], in_state(task.c.state, State.QUEUED))
            connection.execute(raised.where(task.c.priority < new.priority).values(priority=new.priority))
    asks = [
        {"task": found[new.key][0], "asker": new.asker}
        for index, new in enumerate(tasks)
        if new.asker and tickets[index].admission is not Admission.REPEATED
    ]
    _remember(database, connection, asks)
    admissions = Counter(ticket.admission for ticket in tickets.values())
    counts = {("requests", kind.value): count for kind, count in admissions.items()}
    counters.add(database, connection, {**counts, ("queued", ""): admissions[Admission.CREATED]})
    return [tickets[index] for index in range(len(tasks))]


def record_skipped(database: Database, connection: Connection, events: Sequence[SkippedEvent]) -> None:
    """Keeps events that need no work, each delivery once."""
    if not events:
        return
    known = _skipped_before(connection, [event.asker for event in events if event.asker])
    fresh = [event for event in events if (event.asker, event.source) not in known]
    for event in fresh:
        row = _row(NewTask(kind="skip", key="", lane=event.lane, source=event.source, digest=event.digest), "")
        task_id = str(uuid.uuid4())
        row |= {"id": task_id, "key": f"skipped {task_id}", "open": False, "state": State.SKIPPED.value}
        row["error"] = event.reason
        made = _insert(database).values(finished=database.now).returning(task.c.number)
        number = connection.execute(made, row).scalar_one()
        if event.asker:
            _remember(database, connection, [{"task": number, "asker": event.asker}])
    counters.add(database, connection, {("requests", State.SKIPPED.value): len(fresh)})


def _skipped_before(connection: Connection, askers: list[str]) -> set[tuple[str, str]]:
    """Delivery and source of the events that were kept before: one delivery may tell of several images."""
    if not askers:
        return set()
    rows = connection.execute(
        select(ask.c.asker, task.c.source)
        .join_from(ask, task, ask.c.task == task.c.number)
        .where(ask.c.asker.in_(askers), in_state(task.c.state, State.SKIPPED))
    )
    return {(asker, source) for asker, source in rows}


def _deliveries_seen(connection: Connection, tasks: Sequence[NewTask], ids: Sequence[str]) -> dict[int, Ticket]:
    """Index → ticket of the requests that came before; `ids` are those of this call's own tasks."""
    deliveries = [new.asker for new in tasks if new.once]
    if not deliveries:
        return {}
    rows = connection.execute(
        select(ask.c.asker, task.c.key, task.c.id)
        .join_from(ask, task, ask.c.task == task.c.number)
        .where(ask.c.asker.in_(deliveries), task.c.id.not_in(ids))
    )
    seen = {(asker, key): task_id for asker, key, task_id in rows}
    return {
        index: Ticket(seen[new.asker, new.key], Admission.REPEATED)
        for index, new in enumerate(tasks)
        if new.once and (new.asker, new.key) in seen
    }


def _open_tasks(
    database: Database, connection: Connection, wanted: dict[str, tuple[NewTask, str]]
) -> dict[str, tuple[int, str, int]]:
    """Key → (number, id, priority) of the task that does the work; made where there is none."""
    found: dict[str, tuple[int, str, int]] = {}
    for _ in range(_ROUNDS):
        left = {key: wanted[key] for key in sorted(wanted) if key not in found}
        if not left:
            return found
        # In the order of the keys: two daemons that insert the same ones then wait for each other only one way round.
        connection.execute(_insert(database), [_row(new, task_id) for new, task_id in left.values()])
        columns = select(task.c.key, task.c.number, task.c.id, task.c.priority)
        mine = [task_id for _, task_id in left.values()]
        for condition in (is_open() & task.c.key.in_(list(left)), task.c.id.in_(mine)):
            for key, number, task_id, priority in connection.execute(columns.where(condition)):
                found[key] = (number, task_id, priority)
    raise QueueUnavailable("the tasks of these requests end faster than they can be found; try again")


def _insert(database: Database) -> Insert:
    now = database.now
    return database.insert(task).values(created=now, due=now + bindparam("delay")).on_conflict_do_nothing()


def _row(new: NewTask, task_id: str) -> dict[str, object]:
    return {
        "id": task_id,
        "kind": new.kind,
        "key": new.key,
        "open": True,
        "joins_running": new.joins_running,
        "exclusive": new.exclusive,
        "lane": new.lane,
        "source": new.source,
        "digest": new.digest,
        "profile": new.profile,
        "arguments": to_json(new.arguments),
        "state": State.QUEUED.value,
        "priority": new.priority,
        "delay": new.delay,
        "attempt": 0,
        "max_attempts": new.max_attempts,
        "worker": "",
        "cancel_requested": False,
        "error": "",
        "result": "{}",
        "progress": "{}",
    }


def _remember(database: Database, connection: Connection, asks: list[dict[str, object]]) -> None:
    if asks:
        statement = database.insert(ask).values(at=database.now).on_conflict_do_nothing()
        connection.execute(statement, sorted(asks, key=lambda row: (row["task"], row["asker"])))
