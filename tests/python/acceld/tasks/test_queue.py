"""What the queue promises, one behaviour a test, on both databases and with time driven by hand."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from acceld.errors import TaskNotFound, TaskSkipped
from acceld.tasks import admission, counters
from acceld.tasks.db import Database
from acceld.tasks.history import Filter, History
from acceld.tasks.model import (
    Admission,
    Beat,
    Claim,
    Failure,
    LaneLimit,
    Limits,
    NewTask,
    SkippedEvent,
    State,
    Ticket,
)
from acceld.tasks.queue import Queue
from tests.python.acceld.tasks.conftest import HandClock

AWAY = Failure("registry answered 503", retryable=True, status="503")
BROKEN = Failure("layer 2 is damaged", status="formaterror")


def new(key: str = "a", **values: Any) -> NewTask:
    return NewTask(**{"kind": "convert", "key": key, "lane": "h.io", "source": f"h.io/{key}:1", **values})


def put(queue: Queue, key: str = "a", **values: Any) -> str:
    (ticket,) = queue.put([new(key, **values)])
    return ticket.task_id


def take(queue: Queue, worker: str = "w") -> Claim:
    claim = queue.take(worker)
    assert claim is not None
    return claim


def state(database: Database, task_id: str) -> State:
    return History(database).get(task_id).state


def test_a_task_goes_from_request_to_result(queue: Queue, database: Database, clock: HandClock) -> None:
    (ticket,) = queue.put([new(digest="sha256:1", profile="p", arguments={"x": [1]}, asker="harbor 1")])
    assert ticket.admission is Admission.CREATED
    clock.advance(2)
    claim = take(queue, "host/1")
    assert (claim.id, claim.task.attempt, claim.task.worker) == (ticket.task_id, 1, "host/1")
    assert claim.task.arguments == {"x": [1]}
    assert queue.take("other") is None
    clock.advance(5)
    assert queue.beat(claim, {"layers": 3}) is Beat.OK
    assert queue.done(claim, {"target": "h.io/a:1-x"})
    task = History(database).get(ticket.task_id)
    assert (task.state, task.result, task.progress) == (State.DONE, {"target": "h.io/a:1-x"}, {"layers": 3})
    assert task.started is not None
    assert task.finished is not None
    assert (task.started - task.created, task.finished - task.created) == (2, 7)
    assert History(database).askers(ticket.task_id) == ["harbor 1"]


def test_the_same_work_is_one_task_while_it_waits_and_while_it_runs(queue: Queue, database: Database) -> None:
    first = put(queue, asker="one")
    assert queue.put([new(asker="two")])[0].admission is Admission.JOINED
    claim = take(queue)
    assert queue.put([new(asker="three")])[0].task_id == first
    assert History(database).askers(first) == ["one", "three", "two"]
    queue.done(claim)
    assert put(queue, asker="four") != first


def test_a_request_without_digest_waits_behind_the_task_that_runs(queue: Queue) -> None:
    values: dict[str, Any] = {"joins_running": False, "exclusive": "a"}
    first = put(queue, **values)
    claim = take(queue)
    second = put(queue, **values)
    assert second != first
    assert put(queue, **values) == second
    assert queue.take("other") is None  # never both at once
    queue.done(claim)
    assert take(queue).id == second


def test_one_commit_takes_many_requests(queue: Queue) -> None:
    tickets = queue.put([new(key) for key in ("b", "a", "b", "c")])
    assert [ticket.admission.value for ticket in tickets] == ["created", "created", "joined", "created"]
    assert tickets[0].task_id == tickets[2].task_id
    assert queue.put([]) == []


def test_a_delivery_that_is_repeated_gets_the_task_it_got_before(queue: Queue) -> None:
    first = put(queue, asker="harbor 1", once=True)
    queue.done(take(queue))
    (again,) = queue.put([new(asker="harbor 1", once=True)])
    assert (again.task_id, again.admission) == (first, Admission.REPEATED)
    assert queue.put([new(asker="harbor 2", once=True)])[0].admission is Admission.CREATED


def test_a_delivery_that_another_daemon_answers_meanwhile_makes_no_second_task(
    queue: Queue, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = put(queue, asker="harbor 1", once=True)
    queue.done(take(queue))
    look = admission._deliveries_seen
    answers: Iterator[dict[int, Ticket] | None] = iter(
        [{}, None, {}, None]
    )  # the first look of each call comes too early

    def early(*arguments: Any) -> dict[int, Ticket]:
        known = next(answers)
        return look(*arguments) if known is None else known

    monkeypatch.setattr(admission, "_deliveries_seen", early)
    (again,) = queue.put([new(asker="harbor 1", once=True)])
    assert (again.task_id, again.admission) == (first, Admission.REPEATED)
    assert History(database).count() == 1
    tickets = queue.put([new(asker="harbor 1", once=True), new(asker="harbor 2", once=True)])
    assert [ticket.admission for ticket in tickets] == [Admission.REPEATED, Admission.JOINED]
    assert take(queue).id == tickets[1].task_id


def test_what_a_lost_answer_had_committed_is_found_again(queue: Queue, database: Database) -> None:
    def again() -> list[Ticket]:
        return database.write(
            lambda connection: admission.admit(database, connection, [new(joins_running=False)], ["chosen"])
        )

    assert again() == [Ticket("chosen", Admission.CREATED)]
    assert again() == [Ticket("chosen", Admission.CREATED)]
    queue.done(take(queue))
    assert again() == [Ticket("chosen", Admission.CREATED)]
    assert History(database).count() == 1


def test_a_taken_task_whose_answer_was_lost_is_taken_again_by_the_same_call(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(queue, "a")
    put(queue, "b")
    number = uuid.uuid4()
    monkeypatch.setattr("uuid.uuid4", lambda: number)
    assert take(queue) == take(queue)  # as when the transaction is run again
    monkeypatch.undo()
    assert take(queue).task.key == "b"


def test_priority_then_age_decides(queue: Queue, clock: HandClock) -> None:
    order = [put(queue, "old"), put(queue, "older-but-low", priority=-1)]
    clock.advance(1)
    order.insert(1, put(queue, "new"))
    order.insert(0, put(queue, "urgent", priority=5))
    assert [take(queue).id for _ in order] == order


def test_a_request_of_higher_priority_lifts_the_task_it_joins(queue: Queue) -> None:
    put(queue, "a")
    last = put(queue, "b")
    put(queue, "b", priority=1)
    assert take(queue).id == last


def test_a_delayed_task_waits(queue: Queue, clock: HandClock) -> None:
    put(queue, delay=10)
    assert queue.take("w") is None
    clock.advance(10)
    assert queue.take("w") is not None


def test_only_the_wanted_kinds_are_taken(queue: Queue) -> None:
    put(queue)
    assert queue.take("w", ["collect"]) is None
    assert queue.take("w", ["collect", "convert"]) is not None


def test_a_lane_at_its_limit_is_left_out(queue: Queue) -> None:
    queue.limits = Limits(LaneLimit(running=2), {"slow.io": LaneLimit(running=1)})
    queue.put([new(str(number), lane="slow.io") for number in range(3)])
    queue.put([new(f"x{number}", lane="h.io", priority=-1) for number in range(3)])
    claims = [take(queue) for _ in range(3)]
    assert [claim.task.lane for claim in claims] == ["slow.io", "h.io", "h.io"]
    assert queue.take("w") is None
    queue.done(claims[0])
    assert take(queue).task.lane == "slow.io"


def test_starts_in_a_lane_are_spaced(queue: Queue, clock: HandClock) -> None:
    queue.limits = Limits(lanes={"h.io": LaneLimit(per_minute=6)})
    queue.put([new(str(number)) for number in range(3)])
    queue.put([new("free", lane="other.io", priority=-1)])
    assert take(queue).task.lane == "h.io"
    assert take(queue).task.lane == "other.io"
    clock.advance(9.9)
    assert queue.take("w") is None
    clock.advance(0.2)
    assert queue.take("w") is not None


def test_a_silent_worker_loses_its_task(queue: Queue, database: Database, clock: HandClock) -> None:
    task_id = put(queue)
    dead = take(queue, "dead")
    clock.advance(29)
    assert queue.reap() == []
    clock.advance(2)
    assert queue.reap() == [task_id]
    alive = take(queue, "alive")
    assert (alive.id, alive.task.attempt) == (task_id, 2)
    assert queue.beat(dead) is Beat.LOST
    assert not queue.done(dead, {"from": "dead"})
    assert queue.fail(dead, AWAY) is None
    assert queue.release(dead) is None
    assert not queue.cancelled(dead)
    assert queue.done(alive, {"from": "alive"})
    assert History(database).get(task_id).result == {"from": "alive"}


def test_beats_keep_a_task(queue: Queue, clock: HandClock) -> None:
    put(queue)
    claim = take(queue)
    for _ in range(10):
        clock.advance(queue.beat_interval)
        assert queue.beat(claim) is Beat.OK
        assert queue.reap() == []


def test_a_worker_speaks_and_listens_for_all_its_tasks_at_once(
    queue: Queue, database: Database, clock: HandClock
) -> None:
    queue.put([new(key) for key in "abc"])
    claims = [take(queue) for _ in "abc"]
    queue.cancel(claims[1].id)
    queue.done(claims[2])
    answers = [Beat.OK, Beat.CANCEL, Beat.LOST]
    clock.advance(20)
    assert queue.listen(claims) == answers
    assert queue.beat_all([(claims[0], {"layers": 1}), (claims[1], None), (claims[2], None)]) == answers
    assert History(database).get(claims[0].id).progress == {"layers": 1}
    clock.advance(20)
    assert queue.listen(claims) == answers  # listening extends nothing
    assert queue.reap() == []
    clock.advance(11)
    assert set(queue.reap()) == {claims[0].id, claims[1].id}
    assert queue.listen(claims) == [Beat.LOST] * 3
    assert queue.listen([]) == queue.beat_all([]) == []


def test_a_late_worker_that_nobody_replaced_may_go_on(queue: Queue, clock: HandClock) -> None:
    put(queue)
    claim = take(queue)
    clock.advance(100)
    assert queue.beat(claim) is Beat.OK
    assert queue.reap() == []


def test_a_task_that_kills_its_workers_fails_at_last(queue: Queue, database: Database, clock: HandClock) -> None:
    task_id = put(queue, max_attempts=3)
    for number in range(3):
        take(queue, f"w{number}")
        clock.advance(31)
        assert queue.reap() == [task_id]
    task = History(database).get(task_id)
    assert task.state is State.FAILED
    assert "the worker died 3 times, at last w2" in task.error


def test_a_failure_that_can_pass_is_tried_again_later(queue: Queue, database: Database, clock: HandClock) -> None:
    task_id = put(queue, max_attempts=3)
    assert queue.fail(take(queue), AWAY) is State.QUEUED
    assert queue.take("w") is None
    task = History(database).get(task_id)
    assert (task.error, task.due - clock.seconds) == ("registry answered 503", 2.5)
    clock.advance(2.5)
    assert queue.fail(take(queue), AWAY) is State.QUEUED
    clock.advance(5)
    assert queue.fail(take(queue), AWAY) is State.FAILED
    assert History(database).get(task_id).error == "registry answered 503 (attempt 3 of 3)"


def test_a_waiting_retry_leaves_its_place_to_others(queue: Queue) -> None:
    queue.limits = Limits(LaneLimit(running=1))
    put(queue)
    queue.fail(take(queue), AWAY)
    other = put(queue, "b")
    assert take(queue).id == other


def test_retry_after_is_honoured(queue: Queue, database: Database, clock: HandClock) -> None:
    task_id = put(queue)
    queue.fail(take(queue), Failure("429", retryable=True, retry_after=120))
    assert History(database).get(task_id).due - clock.seconds == 120


def test_a_failure_that_cannot_pass_ends_the_task(queue: Queue, database: Database) -> None:
    task_id = put(queue)
    assert queue.fail(take(queue), BROKEN) is State.FAILED
    assert History(database).get(task_id).error == "layer 2 is damaged"


def test_cancelling_a_waiting_task_ends_it(queue: Queue) -> None:
    assert queue.cancel(put(queue)) is State.CANCELLED
    assert queue.take("w") is None
    assert queue.put([new()])[0].admission is Admission.CREATED


def test_cancelling_a_running_task_reaches_its_worker(queue: Queue, database: Database) -> None:
    task_id = put(queue)
    claim = take(queue)
    assert queue.cancel(task_id) is State.RUNNING
    assert queue.listen([claim]) == [Beat.CANCEL]
    assert queue.beat(claim) is Beat.CANCEL
    assert queue.cancelled(claim)
    assert queue.listen([claim]) == [Beat.LOST]
    assert state(database, task_id) is State.CANCELLED
    assert queue.cancel(task_id) is State.CANCELLED


@pytest.mark.parametrize("end", ["fail", "release", "reap"])
def test_a_cancelled_task_is_not_queued_again(queue: Queue, database: Database, clock: HandClock, end: str) -> None:
    task_id = put(queue)
    claim = take(queue)
    queue.cancel(task_id)
    if end == "fail":
        assert queue.fail(claim, AWAY) is State.CANCELLED
    elif end == "release":
        assert queue.release(claim) is State.CANCELLED
    else:
        clock.advance(31)
        queue.reap()
    assert state(database, task_id) is State.CANCELLED


def test_work_that_was_done_before_the_cancel_arrived_counts(queue: Queue, database: Database) -> None:
    task_id = put(queue)
    claim = take(queue)
    queue.cancel(task_id)
    assert queue.done(claim)
    assert state(database, task_id) is State.DONE


def test_done_twice_with_one_token_is_done(queue: Queue) -> None:
    put(queue)
    claim = take(queue)
    assert queue.done(claim)
    assert queue.done(claim)


def test_a_task_handed_back_runs_at_once_and_has_lost_no_attempt(queue: Queue) -> None:
    put(queue)
    assert queue.release(take(queue)) is State.QUEUED
    assert take(queue).task.attempt == 1


def test_an_ended_task_can_be_tried_again(queue: Queue, database: Database) -> None:
    task_id = put(queue)
    queue.fail(take(queue), BROKEN)
    assert queue.retry(task_id) == task_id
    task = History(database).get(task_id)
    assert (task.state, task.attempt, task.error, task.finished) == (State.QUEUED, 0, "", None)
    assert put(queue) == task_id
    assert queue.done(take(queue))


def test_retrying_a_waiting_task_makes_it_due(queue: Queue) -> None:
    task_id = put(queue)
    queue.fail(take(queue), AWAY)
    assert queue.retry(task_id) == task_id
    assert take(queue).task.attempt == 2


def test_retrying_a_running_task_changes_nothing(queue: Queue) -> None:
    task_id = put(queue)
    claim = take(queue)
    assert queue.retry(task_id) == task_id
    assert queue.beat(claim) is Beat.OK


def test_retrying_finds_the_task_that_does_the_same_work_by_now(queue: Queue) -> None:
    old = put(queue)
    queue.fail(take(queue), BROKEN)
    current = put(queue)
    assert queue.retry(old) == current


def test_a_skipped_event_is_kept_with_its_reason_once(queue: Queue, database: Database) -> None:
    event = SkippedEvent("h.io/a:1", "h.io", "a signature, not an image", asker="harbor 1")
    put(queue, "converted", asker="harbor 1")  # of the same delivery
    queue.cancel(put(queue, "converted"))
    queue.put([], [event, SkippedEvent("h.io/b:1", "h.io", "another")])
    queue.put([], [event])
    assert [task.key for task in History(database).page(None).tasks] == ["converted"]
    shown = History(database).page(Filter(states=[State.SKIPPED])).tasks
    assert [(task.source, task.error) for task in shown] == [
        ("h.io/b:1", "another"),
        ("h.io/a:1", "a signature, not an image"),
    ]
    assert queue.take("w") is None
    with pytest.raises(TaskSkipped, match="was skipped"):
        queue.retry(shown[0].id)


def test_an_unknown_task_is_named(queue: Queue, database: Database) -> None:
    for call in (queue.cancel, queue.retry, History(database).get):
        with pytest.raises(TaskNotFound, match="there is no task nosuch"):
            call("nosuch")


def test_what_happened_is_counted(queue: Queue, database: Database, clock: HandClock) -> None:
    queue.put([new("a"), new("a"), new("b", lane="other.io")])
    queue.put([], [SkippedEvent("s", "h.io", "r")])
    queue.fail(take(queue), AWAY)
    queue.done(take(queue), counts={("bytes", "read"): 7})
    clock.advance(2.5)
    take(queue)
    clock.advance(31)
    queue.reap()
    clock.advance(3)
    gauges = counters.gauges(database)
    assert (gauges.queued, gauges.running, gauges.oldest_wait) == ({"h.io": 1}, {}, 3)
    assert counters.totals(database) == {
        ("requests", "created"): 2,
        ("requests", "joined"): 1,
        ("requests", "skipped"): 1,
        ("starts", "h.io"): 2,
        ("starts", "other.io"): 1,
        ("retries", "h.io 503"): 1,
        ("ended", "done"): 1,
        ("bytes", "read"): 7,
        ("reaped", ""): 1,
        ("queued", ""): 1,
    }
