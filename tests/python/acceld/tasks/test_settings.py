"""The configuration's words as the queue takes them."""

from __future__ import annotations

import accel
from acceld.tasks.db import Database
from acceld.tasks.model import DEFAULT_MAX_ATTEMPTS, LaneLimit, NewTask
from acceld.tasks.queue import DEFAULT_LEASE
from acceld.tasks.settings import make_queue, queue_limits, queue_url
from tests.python.acceld.tasks.conftest import HandClock


def test_the_database_is_a_file_in_the_working_directory_unless_named() -> None:
    default = accel.Config.from_dict({"provider": {"work_dir": "/var/lib/acceld"}})
    assert queue_url(default) == "sqlite:////var/lib/acceld/acceld.db"
    assert queue_url(accel.Config.from_dict({"queue": {"url": "postgresql://h/db"}})) == "postgresql://h/db"


def test_registries_are_lanes() -> None:
    source = {"a:5000": {"limits": {"running": 2, "per_minute": 30}}, "b": {}}
    limits = queue_limits(accel.Config.from_dict({"provider": {"source": source}}))
    assert limits.of("a:5000") == LaneLimit(2, 30)
    assert limits.of("b") == limits.of("unknown") == LaneLimit()


def test_a_queue_has_the_lease_and_the_limits_of_the_configuration(database: Database, clock: HandClock) -> None:
    source = {"h.io": {"limits": {"running": 1}}}
    config = accel.Config.from_dict({"queue": {"lease": "2m"}, "provider": {"source": source}})
    queue = make_queue(config, database)
    assert queue.beat_interval == 40
    queue.put([NewTask("convert", key, "h.io") for key in "ab"])
    assert queue.take("w") is not None
    assert queue.take("w") is None
    clock.advance(119)
    assert queue.reap() == []
    clock.advance(2)
    assert len(queue.reap()) == 1


def test_defaults_stand_in_one_place() -> None:
    queue = accel.Config().queue
    assert (queue.lease, queue.max_attempts) == (DEFAULT_LEASE, DEFAULT_MAX_ATTEMPTS)
