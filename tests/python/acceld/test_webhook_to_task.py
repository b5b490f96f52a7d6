"""From the bytes of a webhook to the queue: what registries send twice, out of order or about other things."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import accel
from acceld.events import parse
from acceld.events.skip import SkipRules
from acceld.intake import take_in
from acceld.tasks.db import open_database
from acceld.tasks.history import Filter, History
from acceld.tasks.model import NewTask, State
from acceld.tasks.queue import Queue

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONFIG = accel.Config.from_dict({"converter": {"driver": "nydus", "rules": [{"tag_suffix": "-nydus"}]}})
OLD, CURRENT = "sha256:" + "a" * 64, "sha256:" + "b" * 64


class Daemon:
    """What the HTTP side does with a body, without HTTP."""

    def __init__(self, queue: Queue, history: History) -> None:
        self.queue = queue
        self.history = history
        self.rules = SkipRules.of(CONFIG)

    def receive(self, url: str, digest: str = "", at: int = 1) -> None:
        resource = {"resource_url": url, "digest": digest}
        document: dict[str, Any] = {"type": "PUSH_ARTIFACT", "occur_at": at, "event_data": {"resources": [resource]}}
        admitted = [take_in(event, CONFIG, self.rules) for event in parse(json.dumps(document).encode(), {})]
        self.queue.put(
            [new for new in admitted if isinstance(new, NewTask)],
            [event for event in admitted if not isinstance(event, NewTask)],
        )

    def shown(self, *states: State) -> list[tuple[str, str]]:
        return [(task.source, task.digest) for task in self.history.page(Filter(states=states)).tasks]


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    database = open_database(f"sqlite:///{tmp_path}/tasks.db")
    yield Daemon(Queue(database), History(database))
    database.close()


def test_a_webhook_that_comes_again_is_one_task(daemon: Daemon) -> None:
    daemon.receive("h.io/a:1", CURRENT)
    daemon.receive("h.io/a:1", CURRENT)
    claim = daemon.queue.take("w")
    assert claim is not None
    daemon.receive("h.io/a:1", CURRENT)
    assert daemon.queue.done(claim)
    daemon.receive("h.io/a:1", CURRENT)
    assert daemon.shown() == [("h.io/a:1", CURRENT)]


def test_two_pushes_to_a_tag_are_two_tasks_one_after_the_other(daemon: Daemon) -> None:
    daemon.receive("h.io/a:1", OLD, at=1)
    first = daemon.queue.take("w")
    daemon.receive("h.io/a:1", CURRENT, at=2)
    assert daemon.queue.take("another") is None
    assert first is not None
    daemon.queue.done(first)
    second = daemon.queue.take("another")
    assert second is not None
    assert (first.task.digest, second.task.digest) == (OLD, CURRENT)


def test_a_push_without_digest_is_never_answered_by_a_task_that_had_begun(daemon: Daemon) -> None:
    daemon.receive("h.io/a:1", at=1)
    assert daemon.queue.take("w") is not None
    daemon.receive("h.io/a:1", at=2)
    daemon.receive("h.io/a:1", at=3)
    assert daemon.shown(State.RUNNING) == daemon.shown(State.QUEUED) == [("h.io/a:1", "")]


def test_what_needs_no_work_is_kept_with_its_reason_and_makes_no_task(daemon: Daemon) -> None:
    for _ in range(2):
        daemon.receive("h.io/a:1-nydus", CURRENT)
        daemon.receive(f"h.io/a@{CURRENT}", CURRENT)
        daemon.receive(f"h.io/a:sha256-{'a' * 64}.sig", CURRENT)
    assert daemon.shown() == []
    kept = daemon.history.page(Filter(states=[State.SKIPPED])).tasks
    assert [task.error.partition(",")[0][:24] for task in reversed(kept)] == [
        "the tag already ends wit",
        "pushed without a tag: on",
        "the tag sha256-aaaaaaaaa",
    ]
