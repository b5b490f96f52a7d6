"""The configuration's words as the queue takes them."""

from __future__ import annotations

import accel
from acceld.tasks.model import DEFAULT_MAX_ATTEMPTS, LaneLimit
from acceld.tasks.queue import DEFAULT_LEASE
from acceld.tasks.settings import queue_limits, queue_url


def test_the_database_is_a_file_in_the_working_directory_unless_named() -> None:
    default = accel.Config.from_dict({"provider": {"work_dir": "/var/lib/acceld"}})
    assert queue_url(default) == "sqlite:////var/lib/acceld/acceld.db"
    assert queue_url(accel.Config.from_dict({"queue": {"url": "postgresql://h/db"}})) == "postgresql://h/db"


def test_registries_are_lanes() -> None:
    source = {"a:5000": {"limits": {"running": 2, "per_minute": 30}}, "b": {}}
    limits = queue_limits(accel.Config.from_dict({"provider": {"source": source}}))
    assert limits.of("a:5000") == LaneLimit(2, 30)
    assert limits.of("b") == limits.of("unknown") == LaneLimit()


def test_defaults_stand_in_one_place() -> None:
    queue = accel.Config().queue
    assert (queue.lease, queue.max_attempts) == (DEFAULT_LEASE, DEFAULT_MAX_ATTEMPTS)
